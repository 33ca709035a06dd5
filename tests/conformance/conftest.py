# SPDX-License-Identifier: Apache-2.0
"""A scenario is a test whose name is a sentence. Each runs once for every program: what fails in
lastcall's column is a failure, what fails in a peer's is a cell of the table, `wrong` with what was
seen. Where programs may differ, `@pytest.mark.differs(NAME, "why")` says why theirs is no fault.

    @pytest.mark.differs("tini", "by its documentation …")
    def test_a_sentence_of_what_a_correct_init_does(init):
        app = init("sh", "-c", "exit 7")
        assert app.exit_code() == 7
"""

import os

import pytest

from init import PROGRAMS, Init, heed_signals, place  # noqa: F401  (`place` is a fixture)
from table import Cell, Table


def pytest_addoption(parser):
    parser.addoption("--only", action="append", metavar="PROGRAM", choices=list(PROGRAMS),
                     help="this program's column alone; may be repeated")


def pytest_configure(config):
    heed_signals()
    config.addinivalue_line("markers", "differs(program, why): a choice of that program, no fault")
    config.pluginmanager.register(Collector(Table(config.getoption("only") or list(PROGRAMS))))


def pytest_generate_tests(metafunc):
    assert "program" in metafunc.fixturenames, f"{metafunc.function.__name__} runs no init"
    metafunc.parametrize("program", metafunc.config.getoption("only") or list(PROGRAMS),
                         scope="function")


@pytest.fixture
def program_path(program):
    return PROGRAMS[program].path


@pytest.fixture
def init(program, place):
    """Starts the cell's program, any number of times: init(*command, **options of Init)."""
    started = []

    def start(*command, **options):
        started.append(Init(PROGRAMS[program], place, command, **options))
        return started[-1]

    yield start
    for one in started:
        one.close()


def sentence(item):
    """The test's name as it is read, with its own parameter where it has one."""
    rest = item.callspec.id.replace(item.callspec.params["program"], "", 1).strip("-")
    return item.originalname[len("test_"):].replace("_", " ") + (f": {rest}" if rest else "")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item, call):
    report = (yield).get_result()
    if report.when != "call" or report.skipped:
        return
    program = item.callspec.params["program"]
    wrong = report.failed and call.excinfo.errisinstance(AssertionError)
    cell = Cell(os.path.basename(item.path)[len("test_"):-len(".py")], sentence(item), program,
                "ok", "")
    if report.failed:
        why = {mark.args[0]: mark.args[1] for mark in item.iter_markers("differs")}.get(program)
        seen = str(call.excinfo.value).split("\n", maxsplit=1)[0]
        cell = cell._replace(verdict="differs" if why else "wrong", detail=why or seen)
    report.user_properties.append(("cell", tuple(cell)))
    if wrong and program != "lastcall":  # anything but an assertion is a fault of the test's own
        report.outcome = "passed"


class Collector:
    """Gathers the cells, wherever they ran, into the table."""

    def __init__(self, table):
        self.table = table

    def pytest_runtest_logreport(self, report):
        self.table.cells += (Cell(*value) for name, value in report.user_properties
                             if name == "cell" and report.when == "call")

    def pytest_terminal_summary(self, terminalreporter, config):
        for line in self.table.lines():
            terminalreporter.write_line(line)
        self.table.write(os.path.join(config.rootpath, "build", "conformance"))
