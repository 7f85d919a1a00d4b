# x87 as protected mode sees it: the stack, the environment, unmasked exceptions. Its arithmetic is
# in simd.S. TCG checks neither the stack nor what is unmasked.
    .set MODE, 32
    .code32
fpu_tests:
    TEST "x87: stack, tags, environment", t_x87_state
    TEST "x87: exceptions, #MF", t_x87_exceptions
    TEST "x87: FSAVE and FRSTOR, MMX aliases", t_x87_save
    ret

.macro STATUS value                      # of the status word, all of it
    fnstsw %ax
    movzwl %ax, %eax
    EQ %eax, $\value
.endm

BEGIN t_x87_state
    SKIP_ON_TCG
    fninit
    fnstcw SCRATCH
    movzwl SCRATCH, %eax
    EQ %eax, $0x37F
    STATUS 0
    fld1
    STATUS 0x3800
    fldz
    fincstp
    STATUS 0x3800
    fdecstp
    fnstenv SCRATCH
    movzwl SCRATCH, %eax
    EQ %eax, $0x037F
    movzwl SCRATCH + 4, %eax
    EQ %eax, $0x3000
    movzwl SCRATCH + 8, %eax
    EQ %eax, $0x1FFF                 # 7 valid, 6 zero
    ffree %st(1)
    fxch %st(1)                          # an empty register: stack underflow, the default NaN
    STATUS 0x3041
    fstpt SCRATCH
    movl SCRATCH + 4, %eax
    EQ %eax, $0xC0000000
    fnclex
    fninit
    .rept 8
    fld1
    .endr
    STATUS 0
    fldpi                                # overflow: C1 is set
    STATUS 0x3A41
    fninit
    fldl .Lsnan
    STATUS 0x3801                        # loading a signalling double is invalid
    fstpt SCRATCH
    movl SCRATCH + 4, %eax
    EQ %eax, $0xC0000800
    PASS
    .balign 8
.Lsnan: .long 0x00000001, 0x7FF00001

BEGIN t_x87_exceptions
    SKIP_ON_TCG
    fninit
    movw $0x37B, SCRATCH                 # division by zero unmasked
    fldcw SCRATCH
    fldz
    fld1
    fdiv %st(1), %st                     # 1 / 0: pending
    fnstsw %ax
    movzwl %ax, %eax
    EQ %eax, $0xB084                     # ES, B, ZE; the stack as before
    FAULTS 16, 0, "fwait"
    FAULTS 16, 0, "fld1"
    fnclex
    fwait
    fstps SCRATCH + 4
    movl SCRATCH + 4, %eax
    EQ %eax, $0x3F800000                 # the operand is unchanged
    fninit
    movw $0x37E, SCRATCH                 # invalid unmasked: a store of an empty register
    fldcw SCRATCH
    movl $0x1234, SCRATCH + 4
    fsts SCRATCH + 4
    fnstsw %ax
    movzwl %ax, %eax
    EQ %eax, $0x80C1
    fnclex
    movl SCRATCH + 4, %eax
    EQ %eax, $0x1234                     # nothing stored
    fninit
    PASS

BEGIN t_x87_save
    SKIP_ON_TCG
    fninit
    fldpi
    fld1
    fnsave SCRATCH
    STATUS 0
    movzwl SCRATCH + 4, %eax
    EQ %eax, $0x3000
    movl SCRATCH + 28, %eax
    EQ %eax, $0                          # 1.0
    movl SCRATCH + 28 + 4, %eax
    EQ %eax, $0x80000000
    movl SCRATCH + 38, %eax
    EQ %eax, $0x2168C235                 # pi
    frstor SCRATCH
    STATUS 0x3000
    fnstenv SCRATCH + 0x80
    movzwl SCRATCH + 0x88, %eax
    EQ %eax, $0x0FFF
    testb $0x80, v_features + 6          # MMX: the registers are the x87's, TOP becomes 0
    jz 1f
    movl $0x13572468, %eax
    movd %eax, %mm3
    fnsave SCRATCH
    movzwl SCRATCH + 4, %eax
    EQ %eax, $0x0000
    movl SCRATCH + 8, %eax
    andl $0x00C0, %eax
    EQ %eax, $0x0080                 # register 3 is special
    movl SCRATCH + 28 + 30, %eax
    EQ %eax, $0x13572468
    movzwl SCRATCH + 28 + 38, %eax
    EQ %eax, $0xFFFF                     # sign and exponent
1:  fninit
    PASS
