/* SPDX-License-Identifier: Apache-2.0 */
#include "sys/entry.h"

#include <signal.h>

/* One variable serves twice: all ones is the mask to set, and the kernel, which reads the new mask
 * before it writes the old one, leaves the old one in its place (kernel/signal.c, rt_sigprocmask).
 * Hidden, so that its address needs no relocation: nothing has been relocated yet. */
__attribute__((visibility("hidden"))) uint64_t lc_entry_mask = LC_ENTRY_MASK_UNKNOWN;

/* SIG_SETMASK, and the 8 bytes of the kernel's mask, are written out below. */
_Static_assert(SIG_SETMASK == 2 && sizeof lc_entry_mask == 8, "what lc_entry passes on");

/* Everything that _start is promised is kept (the processor's System V ABI, "Process
 * Initialization"): the stack, and the register in which the dynamic linker hands over the function
 * for atexit(3), rdx and x0. A system call changes rax, rcx and r11, or x0. */

#if defined(__x86_64__)

__asm__(".pushsection .text.lc_entry, \"ax\", @progbits\n"
        ".globl lc_entry\n"
        ".hidden lc_entry\n"
        ".type lc_entry, @function\n"
        "lc_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined rip\n" /* the outermost frame: a backtrace ends here */
        "    endbr64\n"            /* the dynamic linker jumps here indirectly */
        "    movq %rdx, %r8\n"
        "    movl $14, %eax\n" /* rt_sigprocmask(SIG_SETMASK, &mask, &mask, 8) */
        "    movl $2, %edi\n"
        "    leaq lc_entry_mask(%rip), %rsi\n"
        "    movq %rsi, %rdx\n"
        "    movl $8, %r10d\n"
        "    syscall\n"
        "    movq %r8, %rdx\n"
        "    jmp _start\n"
        "    .cfi_endproc\n"
        ".size lc_entry, . - lc_entry\n"
        ".popsection\n");

#elif defined(__aarch64__)

__asm__(".pushsection .text.lc_entry, \"ax\", %progbits\n"
        ".globl lc_entry\n"
        ".hidden lc_entry\n"
        ".type lc_entry, %function\n"
        "lc_entry:\n"
        "    .cfi_startproc\n"
        "    .cfi_undefined x30\n" /* the outermost frame: a backtrace ends here */
        "    hint #34\n"           /* bti c: the dynamic linker jumps here indirectly */
        "    mov x9, x0\n"
        "    mov x8, #135\n" /* rt_sigprocmask(SIG_SETMASK, &mask, &mask, 8) */
        "    mov x0, #2\n"
        "    adrp x1, lc_entry_mask\n"
        "    add x1, x1, :lo12:lc_entry_mask\n"
        "    mov x2, x1\n"
        "    mov x3, #8\n"
        "    svc #0\n"
        "    mov x0, x9\n"
        "    b _start\n"
        "    .cfi_endproc\n"
        ".size lc_entry, . - lc_entry\n"
        ".popsection\n");

#endif
