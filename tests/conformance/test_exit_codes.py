# SPDX-License-Identifier: Apache-2.0
"""What the runtime is told of how the application ended."""


def test_each_exit_code_from_0_to_255_is_passed_on(init):
    for code in range(256):
        assert init("sh", "-c", f"exit {code}").exit_code() == code, f"for exit code {code}"
