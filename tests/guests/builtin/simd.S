# MMX, SSE to SSE4.2 and x87 arithmetic, by checksum: every instruction on the same pseudo-random
# operands, results and exception flags folded together. The sums are those of real processors
# (Intel and AMD agree on all that is here; estimates like RCPPS are left out). The routines
# sum_... touch nothing but SCRATCH, so that an ordinary program can run them on its host.
    .set MODE, 64
    .code64
simd_tests:
    TEST "MMX: integers", t_mmx
    TEST "SSE: floating point, flags", t_sse_float
    TEST "SSE: conversions, comparisons", t_sse_convert
    TEST "SSE2: integers", t_sse_integer
    TEST "SSE3", t_sse3
    TEST "SSSE3", t_ssse3
    TEST "SSE4.1", t_sse41
    TEST "SSE4.2, POPCNT", t_sse42
    TEST "SSE: #XM, #GP, FXSAVE", t_sse_state
    TEST "x87: arithmetic", t_x87_sums
    TEST "x87: logarithms, powers, arc tangent", t_x87_functions
    TEST "x87: trigonometric functions", t_x87_trigonometric
    ret

.macro SUM_TEST label, routine, word, bit, value
BEGIN \label
    testl $(1 << \bit), v_features + \word
    jnz 1f
    SKIP
1:  call \routine
    EQ %eax, $\value
    PASS
.endm
    SUM_TEST t_mmx, sum_mmx, 4, 23, 0x8A45A510
    SUM_TEST t_sse_float, sum_sse_float, 4, 26, 0x9224347A
    SUM_TEST t_sse_convert, sum_sse_convert, 4, 26, 0x9827F518
    SUM_TEST t_sse_integer, sum_sse_integer, 4, 26, 0xA6EBBB49
    SUM_TEST t_sse3, sum_sse3, 0, 0, 0xFCD5ADFB
    SUM_TEST t_ssse3, sum_ssse3, 0, 9, 0xD8B1F6AC
    SUM_TEST t_sse41, sum_sse41, 0, 19, 0x14B8E560
    SUM_TEST t_sse42, sum_sse42, 0, 20, 0xFBADFFB1
    SUM_TEST t_x87_sums, sum_x87, 4, 0, 0x98A5C970
    SUM_TEST t_x87_functions, sum_x87_functions, 4, 0, 0x51A208A6
# TCG computes FSIN, FCOS and FPTAN in double precision.
BEGIN t_x87_trigonometric
    SKIP_ON_TCG
    call sum_x87_trigonometric
    EQ %eax, $0x76EE77B9
    PASS

# Unmasked exceptions, misaligned operands, the state's image.
BEGIN t_sse_state
    testb $1, v_features + 7
    jnz 1f
    SKIP
1:  movl $SCRATCH, %edi
    FAULTS 13, 0, "movaps 8(%rdi), %xmm0"
    FAULTS 13, 0, "paddd 8(%rdi), %xmm0"
    movups 8(%rdi), %xmm0
    testb $1, v_tcg                      # TCG has no #XM
    jnz 2f
    movl $0x1D80, (%rdi)                 # division by zero unmasked
    ldmxcsr (%rdi)
    xorps %xmm1, %xmm1
    movl $0x3F800000, %eax
    movd %eax, %xmm0
    FAULTS 19, 0, "divss %xmm1, %xmm0"
    movd %xmm0, %eax
    EQ %eax, $0x3F800000                 # unchanged
    stmxcsr (%rdi)
    EQM SCRATCH, 0x1D84
    movl $0x10000, (%rdi)
    FAULTS 13, 0, "ldmxcsr (%rdi)"
    movl $0x1F80, (%rdi)
    ldmxcsr (%rdi)
    movq %cr4, %rcx
    movq %rcx, %rax
    andl $0xFFFFFBFF, %eax               # without OSXMMEXCPT it is #UD
    movq %rax, %cr4
    movl $0x1D80, (%rdi)
    ldmxcsr (%rdi)
    FAULTS 6, 0, "divss %xmm1, %xmm0"
    movq %rcx, %cr4
2:  movl $0x1F80, (%rdi)
    ldmxcsr (%rdi)
    movq %cr0, %rax
    orl $8, %eax
    movq %rax, %cr0
    FAULTS 7, 0, "addps %xmm0, %xmm1"    # TS
    clts
    movq %cr0, %rax
    orl $4, %eax
    movq %rax, %cr0
    FAULTS 6, 0, "addps %xmm0, %xmm1"    # EM
    movq %cr0, %rax
    andl $0xFFFFFFFB, %eax
    movq %rax, %cr0
    fninit
    fld1
    fldpi
    movabsq $0x1122334455667788, %rax
    movq %rax, %xmm15
    movl $0xAAAAAAAA, 0x1F0(%rdi)        # the last 48 bytes are the program's own
    fxsave64 (%rdi)
    EQM SCRATCH, 0x3000037F             # FCW, FSW: TOP is 6
    movzbl SCRATCH + 4, %eax
    EQ %eax, $0xC0                       # abridged tags
    EQM (SCRATCH+0x18), 0x1F80
    EQM (SCRATCH+0x20), 0x2168C235      # pi on top
    movzwl SCRATCH + 0x28, %eax
    EQ %eax, $0x4000
    EQM (SCRATCH+0x34), 0x80000000
    EQM (SCRATCH+0x190), 0x55667788
    EQM (SCRATCH+0x1F0), 0xAAAAAAAA
    fninit
    xorps %xmm15, %xmm15
    fxrstor64 (%rdi)
    movq %xmm15, %rax
    EQQ %rax, 0x1122334455667788
    fstps SCRATCH + 0x300
    EQM (SCRATCH+0x300), 0x40490FDB
    FAULTS 13, 0, "fxsave64 8(%rdi)"
    fninit
    PASS
