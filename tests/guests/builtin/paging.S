# 32-bit paging, then PAE: faults, Accessed and Dirty bits, WP, large pages, NX.
    .set MODE, 32
    .code32
paging_tests:
    TEST "paging: faults, A and D bits", t_paging
    TEST "paging: ring 3, WP", t_paging_user
    TEST "paging: across pages", t_paging_cross
    TEST "paging: aliases of code, INVLPG", t_paging_alias
    TEST "paging: 4 MiB pages", t_pse
    TEST "paging: PAE, 2 MiB pages, NX", t_pae
    ret

.equ PD, TABLES                          # directory
.equ PT0, TABLES + 0x1000                # maps 0 - 4 MiB to itself
.equ PT1, TABLES + 0x2000                # maps 4 - 8 MiB as tests like it
.equ VIRT, 0x400000

.macro FLUSH
    movl %cr3, %eax
    movl %eax, %cr3
.endm

# A reserved bit: P and RSVD in the error code. TCG leaves P out.
.macro RESERVED instruction
    CATCH .Lreserved\@
    \instruction
.Lreserved\@:
    EQM exc_vec, 14
    movl exc_err, %eax
    orb v_tcg, %al
    EQ %eax, $9
.endm

# Two-level tables as above; VIRT is FRAME, present and writable; then paging.
paging_on:
    movl $PD, %edi
    xorl %eax, %eax
    movl $0xC00, %ecx
    rep stosl
    movl $PT0, %edi
    movl $7, %eax
    movl $0x400, %ecx
1:  stosl
    addl $0x1000, %eax
    loop 1b
    movl $(PT0 + 7), PD
    movl $(PT1 + 7), PD + 4
    movl $(FRAME + 3), PT1
    movl $PD, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    ret

BEGIN t_paging
    call paging_on
    movl $0x600D, FRAME + 0x10
    movl VIRT + 0x10, %eax
    EQ %eax, $0x600D
    movl PT1, %eax
    EQ %eax, $(FRAME+0x23)               # Accessed
    movl PD + 4, %eax
    andl $0x20, %eax
    EQ %eax, $0x20
    movl $1, VIRT + 0x14
    movl PT1, %eax
    EQ %eax, $(FRAME+0x63)               # and Dirty
    movl PD + 4, %eax
    andl $0x40, %eax
    EQ %eax, $0                          # which a directory entry has not
    movl $(FRAME + 3), PT1               # clear both, flush: set again by a read-modify-write
    FLUSH
    incl VIRT + 0x14
    movl PT1, %eax
    EQ %eax, $(FRAME+0x63)
    FAULTS 14, 0, "movl VIRT + 0x1234, %ecx"
    EQM exc_cr2, (VIRT+0x1234)
    FAULTS 14, 2, "movl %ecx, VIRT + 0x2345"
    EQM exc_cr2, (VIRT+0x2345)
    CATCH 2f                             # a read-modify-write is a write
    incl VIRT + 0x2345
2:  EQM exc_vec, 14
    movl exc_err, %eax
    movzbl v_tcg, %ecx                   # TCG reads first
    leal (%eax,%ecx,2), %eax
    EQ %eax, $2
    FAULTS 14, 0, "movl VIRT + 0x400000, %ecx"
    movl $0, PT1 + 4
    movl PT1 + 4, %eax
    EQ %eax, $0                          # a fault sets no Accessed bit
    movl $0x12345, %ecx
    movl $(FRAME + 0x1000 + 3), PT1 + 4  # present from now on: no flush needed
    movl %ecx, VIRT + 0x1000
    movl VIRT + 0x1000, %eax
    EQ %eax, $0x12345
    pushl $(VIRT + 0x2000)               # a jump into nothing: CR2 is the target, as is EIP
    CATCH 1f
    ret
1:  addl $4, %esp
    EQM exc_vec, 14
    EQM exc_err, 0
    EQM exc_ip, (VIRT+0x2000)
    EQM exc_cr2, (VIRT+0x2000)
    PASS

BEGIN t_paging_user
    call paging_on
    movl $(FRAME + 1), PT1               # read only, supervisor
    movl $5, %ecx
    movl %ecx, VIRT                      # WP is clear: ring 0 writes
    movl VIRT, %eax
    EQ %eax, $5
    movl %cr0, %eax
    orl $0x10000, %eax
    movl %eax, %cr0
    FAULTS 14, 3, "movl %ecx, VIRT"
    movl VIRT, %eax
    movl $(FRAME + 5), PT1 + 4           # read only, user
    movl $(FRAME + 7), PT1 + 8
    FLUSH
    movl $3, %eax
    USER_FAULTS 14, 5, 2, "movl %fs:VIRT, %ecx"
    USER_FAULTS 14, 7, 2, "movl %ecx, %fs:VIRT"
    USER_FAULTS 14, 7, 2, "movl %ecx, %fs:VIRT+0x1000"
    USER_FAULTS 14, 4, 2, "movl %fs:VIRT+0x3000, %ecx"
    USER_FAULTS 14, 6, 2, "movl %ecx, %fs:VIRT+0x3000"
    USER .Luser_pages, 2
    EQM exc_vec, 0x80
    movl FRAME, %eax
    EQ %eax, $0xACE
    movl $(PT1 + 3), PD + 4              # the directory's U bit counts as well
    FLUSH
    USER_FAULTS 14, 5, 2, "movl %fs:VIRT+0x2000, %ecx"
    movl $(PT1 + 5), PD + 4              # and its W bit
    FLUSH
    USER_FAULTS 14, 7, 2, "movl %ecx, %fs:VIRT+0x2000"
    movl $(PT1 + 7), PD + 4
    PASS
.Luser_pages:
    movl $0xACE, %fs:VIRT + 0x2000
    movl %fs:VIRT + 0x1000, %ecx
    int $0x80

BEGIN t_paging_cross
    call paging_on
    movl $(FRAME + 0x2000 + 3), PT1 + 4  # contiguous here, not there
    movl $0x11223344, VIRT + 0xFFE
    movzwl FRAME + 0xFFE, %eax
    EQ %eax, $0x3344
    movzwl FRAME + 0x2000, %eax
    EQ %eax, $0x1122
    movl VIRT + 0xFFE, %eax
    EQ %eax, $0x11223344
    movl $0, PT1 + 4
    FLUSH
    movl $0x55667788, %ecx
    FAULTS 14, 2, "movl %ecx, VIRT + 0xFFE"
    EQM exc_cr2, (VIRT+0x1000)          # the second page is what is missing
    movzwl FRAME + 0xFFE, %eax
    EQ %eax, $0x3344                     # and nothing has been written to the first
    movl $0x11, %ecx                     # a string stops where the page ends
    movl $(VIRT + 0xFFC), %edi
    movl $0x77777777, %eax
    FAULTS 14, 2, "rep stosl"
    EQ %ecx, $0x10
    EQ %edi, $(VIRT+0x1000)
    movl FRAME + 0xFFC, %eax
    EQ %eax, $0x77777777
    movl $(FRAME + 0x1000 + 3), PT1 + 4
    FLUSH
    # An instruction in two pages, the second missing at first.
    movb $0xB8, FRAME + 0xFFD            # MOV EAX, imm32 with two bytes here; RET
    movw $0x2211, FRAME + 0xFFE
    movl $0x00C34433, FRAME + 0x1000
    movl $0, PT1 + 4
    FLUSH
    movl $(VIRT + 0xFFD), %eax
    CATCH 1f
    call *%eax
1:  EQM exc_vec, 14
    EQM exc_ip, (VIRT+0xFFD)
    EQM exc_cr2, (VIRT+0x1000)
    movl $(FRAME + 0x1000 + 3), PT1 + 4
    movl $(VIRT + 0xFFD), %eax
    call *%eax
    EQ %eax, $0x44332211
    PASS

BEGIN t_paging_alias
    call paging_on
    movl $(CODE_RAM + 3), PT1            # code at one address, written through another
    movl $(CODE_RAM + 3), PT1 + 4
    movl $0x000001B8, CODE_RAM           # MOV EAX, 1; RET
    movl $0x0000C300, CODE_RAM + 4
    movl $VIRT, %ebx
    call *%ebx
    EQ %eax, $1
    movb $2, VIRT + 0x1001
    call *%ebx
    EQ %eax, $2
    movb $3, CODE_RAM + 1
    call *%ebx
    EQ %eax, $3
    movl $0x000004B8, FRAME              # another page at the same address
    movl $0x0000C300, FRAME + 4
    movl $(FRAME + 3), PT1
    invlpg VIRT
    call *%ebx
    EQ %eax, $4
    testb $0x20, v_features + 5
    jnz 1f
    PASS
1:  movl $0x80, %eax                     # PGE: a global page stays when CR3 is loaded, INVLPG
    movl %eax, %cr4                      # takes it out
    movl $(FRAME + 0x103), PT1 + 8
    movl $(FRAME + 0x1000), %edi
    movl $0xAAAA, (%edi)
    movl $0xBBBB, FRAME
    movl VIRT + 0x2000, %eax
    EQ %eax, $0xBBBB
    movl $(FRAME + 0x1000 + 0x103), PT1 + 8
    invlpg VIRT + 0x2000
    movl VIRT + 0x2000, %eax
    EQ %eax, $0xAAAA
    movl $(FRAME + 0x103), PT1 + 8
    xorl %eax, %eax                      # changing PGE flushes all
    movl %eax, %cr4
    movl VIRT + 0x2000, %eax
    EQ %eax, $0xBBBB
    PASS

BEGIN t_pse
    call paging_on
    movl $0x10, %eax
    movl %eax, %cr4
    movl $0x00000083, PD + 8             # 8 MiB: the first 4 MiB again
    movl $0xFEED, FRAME + 0x20
    movl 0x800000 + FRAME + 0x20, %eax
    EQ %eax, $0xFEED
    movl PD + 8, %eax
    EQ %eax, $0xA3
    movl $0xF00D, 0x800000 + FRAME + 0x20
    movl PD + 8, %eax
    EQ %eax, $0xE3
    movl FRAME + 0x20, %eax
    EQ %eax, $0xF00D
    movl $0x00200083, PD + 8             # bit 21 is reserved
    FLUSH
    RESERVED "movl 0x800000, %ecx"
    xorl %eax, %eax                      # without PSE the entry leads to a table
    movl %eax, %cr4
    movl $(PT1 + 0x83), PD + 8
    FLUSH
    movl 0x800000 + 0x20, %eax
    EQ %eax, $0xF00D
    PASS

.equ PDPT, TABLES
.equ PDP, TABLES + 0x1000                # directory: 2 MiB pages, and one table
.equ PTP, TABLES + 0x2000
BEGIN t_pae
    testb $0x40, v_features + 4
    jnz 1f
    SKIP
1:  movl $PDPT, %edi
    xorl %eax, %eax
    movl $0xC00, %ecx
    rep stosl
    movl $(PDP + 1), PDPT
    movl $0x83, PDP                      # 0 - 2 MiB
    movl $(PTP + 7), PDP + 16            # 4 - 6 MiB by a table
    movl $(FRAME + 3), PTP
    movl $0x20, %eax
    movl %eax, %cr4
    movl $PDPT, %eax
    movl %eax, %cr3
    movl %cr0, %eax
    orl $0x80000000, %eax
    movl %eax, %cr0
    movl $0xCAFE, FRAME + 0x30
    movl VIRT + 0x30, %eax
    EQ %eax, $0xCAFE
    movl PDP, %eax
    EQ %eax, $0xE3                       # a large page has A and D
    movl PTP, %eax
    EQ %eax, $(FRAME+0x23)
    FAULTS 14, 0, "movl VIRT + 0x1000, %ecx"
    FAULTS 14, 0, "movl 0x40000000, %ecx" # no such directory
    movl $(FRAME + 3), PTP + 8
    movl $0x00100000, PTP + 12           # bit 52: reserved
    RESERVED "movl VIRT + 0x1000, %ecx"
    testb $0x10, v_features + 10         # NX
    jz 2f
    movl $0x80000000, PTP + 12
    RESERVED "movl VIRT + 0x1000, %ecx" # reserved too while EFER.NXE is clear
    movl $0xC0000080, %ecx
    rdmsr
    orl $0x800, %eax
    wrmsr
    movl VIRT + 0x1030, %eax
    EQ %eax, $0xCAFE
    movb $0xC3, FRAME + 0x40
    movl $(VIRT + 0x40), %eax
    call *%eax
    movl $(VIRT + 0x1040), %eax
    CATCH 3f
    call *%eax
3:  EQM exc_vec, 14
    EQM exc_err, 0x11                   # a fetch from a present page
    EQM exc_cr2, (VIRT+0x1040)
    movl $0xC0000080, %ecx
    rdmsr
    andl $0xFFFFF7FF, %eax
    wrmsr
2:                                       # reserved bits in the PDPT: #GP when CR3 is loaded
    movl $(PDP + 0x21), PDPT + 8
    testb $1, v_tcg                      # which TCG does not check
    jnz 4f
    movl $PDPT, %ecx
    FAULTS 13, 0, "movl %ecx, %cr3"
4:  PASS
