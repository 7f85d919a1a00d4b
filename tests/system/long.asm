; Long mode: addresses that are not canonical, segments, gates, interrupt stacks, SYSCALL and SYSRET,
; four levels of tables, control registers and MSRs.
        %include "lib.inc"
        ENTRY
        %include "lib64.inc"
BAD     equ 0x0000800000000000          ; the first address that is not canonical
main64:
        call canonical_addresses
        call segments64
        call gates64
        call syscalls
        call tables64
        call registers
        call misc
        call bases
        ret

canonical_addresses:
        SAY "not canonical, data:"
        TRY 0, {mov rbx, BAD}, {mov rax, [rbx]}
        TRY 0, {mov rbx, BAD}, {mov [rbx], rax}
        TRY 0, {mov rbx, BAD}, {push qword [rbx]}
        TRY 0, {mov rbp, BAD}, {mov rax, [rbp]}
        TRY 0, {mov rbp, BAD}, {mov rax, [rbp + rbp]}
        TRY 0, {mov rbx, BAD - 4}, {mov rax, [rbx]}
        TRY 0, {mov rbx, -8}, {mov rax, [rbx]}
        TRY 0, {mov rbx, BAD}, {lea rax, [rbx]}
        TRY 0, {mov rbx, BAD}, {invlpg [rbx]}
        TRY 0, {mov rbx, BAD}, {prefetcht0 [rbx]}
        TRY 0, {mov rbx, BAD}, {clflush [rbx]}
        TRY 0, {mov rdi, BAD}, {mov ecx, 2}, {rep stosq}
        TRY 0, {mov rdi, BAD - 8}, {mov ecx, 2}, {rep stosq}
        TRY 0, {mov rax, BAD}, {movaps xmm0, [rax]}
        TRY 0, {mov rax, BAD}, {fxsave [rax + 1]}
        NL
        SAY "not canonical, stack:"
        TRY 3, {mov rsp, BAD}, {push rax}
        TRY 3, {mov rsp, BAD}, {pop rax}
        TRY 3, {mov rsp, BAD + 8}, {call .here}, .here:
        TRY 3, {mov rsp, BAD}, {ret}
        TRY 3, {mov rsp, BAD}, {iretq}
        TRY 3, {mov rsp, BAD}, {retf}
        TRY 3, {mov rsp, BAD}, {enter 8, 0}
        NL
        SAY "not canonical, code:"
        TRY 3, {mov rax, BAD}, {jmp rax}
        TRY 3, {mov rax, BAD}, {push rax}, {ret}
        TRY 0, {mov rax, BAD}, {push qword DS0}, {push qword STKU}, {push qword 2}, {push qword CS64}, {push rax}, {iretq}
        TRY 0, {mov rax, BAD}, {push qword CS64}, {push rax}, {o64 retf}
        TRY 3, {mov rax, -1}, {jmp rax}
        NL
        mov eax, 0x40000000
        cpuid
        cmp ebx, 'TCGT'                         ; it loads them, and is lost
        sete [tcg]
        je .tcg
        SAY "not canonical, tables:"
        TRY 0, {mov rax, BAD}, {mov [DATA + 2], rax}, {lgdt [DATA]}
        TRY 0, {mov rax, BAD}, {mov [DATA + 2], rax}, {lidt [DATA]}
        NL
.tcg:   SAY "not canonical, registers:"
%macro MSR_BAD 1
        TRY 0, {mov ecx, %1}, {xor eax, eax}, {mov edx, 0x8000}, {wrmsr}
%endmacro
        MSR_BAD 0xC0000082
        MSR_BAD 0xC0000083
        MSR_BAD 0xC0000100
        MSR_BAD 0xC0000101
        MSR_BAD 0xC0000102
        MSR_BAD 0x175
        MSR_BAD 0x176
        TRY 0, {mov rax, BAD}, {mov cr2, rax}
        TRY 0, {mov rax, BAD}, {mov dr0, rax}
        NL
        ret

segments64:
        SAY "null selectors:"
        TRY 0, {xor eax, eax}, {mov ss, ax}
        TRY 0, {mov eax, 3}, {mov ss, ax}
        TRY 3, {xor eax, eax}, {mov ss, ax}
        TRY 3, {mov eax, 3}, {mov ss, ax}
        TRY 0, {xor eax, eax}, {mov ds, ax}, {mov rbx, [ds:DATA]}
        TRY 0, {xor eax, eax}, {mov fs, ax}, {mov rbx, [fs:DATA]}
        NL
        SAY "limits and types do not matter:"
        TRY 0, {mov ax, SMALL}, {mov ds, ax}, {mov rbx, [0x9000]}
        TRY 0, {mov ax, RDONLY}, {mov ds, ax}, {mov [0x9000], rbx}
        TRY 0, {mov ax, DOWN}, {mov ss, ax}, {push rax}
        TRY 0, {mov ax, SMALL}, {mov fs, ax}, {mov rbx, [fs:0x200]}
        NL
        SAY "code selectors:"
%macro TO_CODE 1
        mov dword [DATA], .to%1
        mov word [DATA + 4], %1
        TRY 0, {jmp far dword [DATA]}, .to%1:
        SHOW [q_cs], 4
%endmacro
        TO_CODE CS64
        TO_CODE CONF
        TO_CODE DS0
        TO_CODE TSSSEL
        TO_CODE ABSCODE
        TO_CODE BEYOND
        mov dword [GDT + SLOT], 0x0000FFFF
        mov dword [GDT + SLOT + 4], 0x00EF9B00  ; L and D
        TO_CODE SLOT
        NL
        SAY "iretq:"
%macro IRETQ 3                          ; ring, CS, SS
        BEGIN_TRY %1
        push qword %3
        push qword STKU
        push qword 0x3202
        push qword %2
        push qword %%g
        iretq
bits 32
%%g:    int 0x80
bits 64
        END_TRY
        call result64
        SHOW [q_cs], 4
        SHOW [q_ss], 4
        SHOW [q_flags], 4
%endmacro
        IRETQ 0, CS64, DS0
        IRETQ 0, CS64, 0
        IRETQ 0, CS0, DS0
        IRETQ 0, CS0, 0
        IRETQ 0, CS3, DS3
        IRETQ 0, CS64U, DS3
        IRETQ 0, CS64U, 3
        IRETQ 0, CS1, DS1
        IRETQ 3, CS64U, DS3
        IRETQ 3, CS3, DS3
        IRETQ 3, CS64U, 0
        IRETQ 3, CS64, DS0
        IRETQ 0, 0, DS0
        IRETQ 0, SLOT, DS0
        NL
        SAY "LTR, LLDT, LAR, LSL:"
        mov dword [GDT + SLOT], 0x0000FFFF
        mov dword [GDT + SLOT + 4], 0x00008900
        mov dword [GDT + SLOT + 8], 0
        mov dword [GDT + SLOT + 12], 0x1F00     ; type bits of the upper half
        TRY 0, {mov ax, SLOT}, {ltr ax}
        TRY 0, {mov eax, SLOT}, {lar ecx, eax}
        SHOW [q_rcx], 8
        mov dword [GDT + SLOT + 12], 0
        mov dword [GDT + SLOT + 8], 0x8000      ; a base that is not canonical
        TRY 0, {mov ax, SLOT}, {ltr ax}
        mov byte [GDT + SLOT + 5], 0x82
        TRY 0, {mov ax, SLOT}, {lldt ax}
        mov dword [GDT + SLOT + 8], 0
        TRY 0, {mov ax, SLOT}, {lldt ax}
        TRY 0, {xor eax, eax}, {lldt ax}
        mov byte [GDT + SLOT + 5], 0x81         ; 16-bit TSS
        TRY 0, {mov ax, SLOT}, {ltr ax}
        TRY 0, {mov eax, SLOT}, {xor ecx, ecx}, {lar ecx, eax}
        SHOW [q_rcx], 8
        mov byte [GDT + SLOT + 5], 0x85         ; task gate
        TRY 0, {mov eax, SLOT}, {xor ecx, ecx}, {lar ecx, eax}
        SHOW [q_rcx], 8
        mov byte [GDT + SLOT + 5], 0x8E         ; interrupt gate
        TRY 0, {mov eax, SLOT}, {xor ecx, ecx}, {lar ecx, eax}
        SHOW [q_rcx], 8
        NL
        mov byte [GDT + TSSSEL + 5], 0x89       ; TCG has taken one of those
        mov ax, TSSSEL
        ltr ax
        ret

; --- gates
%macro GATE64 4                         ; access byte, selector, IST, upper half of the address
        mov eax, entry64
        mov [IDT64 + 0x50 * 16], ax
        mov word [IDT64 + 0x50 * 16 + 2], %2
        mov word [IDT64 + 0x50 * 16 + 4], (%1) << 8 | (%3)
        shr eax, 16
        mov [IDT64 + 0x50 * 16 + 6], ax
        mov qword [IDT64 + 0x50 * 16 + 8], %4
        SAY "gate"
        SHOW %1, 2
        SHOW %2, 4
        SHOW %3, 1
        SHOW %4, 4
        SAY ":"
        mov qword [q_want], 0x4202
        TRY 0, {int 0x50}
        call facts64
        TRY 3, {int 0x50}
        call facts64
        mov qword [q_want], 2
        NL
%endmacro
facts64:
        cmp qword [q_vec], 0x80
        jne .end
        SHOW [q_cs], 4
        SHOW [q_rax], 4
        SHOW [q_rcx], 8
        SHOW [q_rdx], 8
        mov rax, [q_flags]
        and eax, 0xFFFEFFFF
        SHOW rax, 8
.end:   ret
entry64:
        mov eax, ss
        mov rcx, rsp
        mov rdx, [rsp + 16]
        and edx, 0xFFFEFFFF
        int 0x80
gates64:
        GATE64 0x8E, CS64, 0, 0
        GATE64 0xEE, CS64, 0, 0
        GATE64 0xEF, CS64, 0, 0
        GATE64 0xEE, CS64, 1, 0
        GATE64 0xEE, CS64, 0, 0x8000
        GATE64 0xEE, CS64U, 0, 0
        GATE64 0xEE, CS0, 0, 0
        GATE64 0xEE, DS0, 0, 0
        GATE64 0xEE, 0, 0, 0
        GATE64 0xEE, BEYOND, 0, 0
        GATE64 0x6E, CS64, 0, 0
        GATE64 0xE6, CS64, 0, 0
        GATE64 0xE5, CS64, 0, 0
        GATE64 0xEC, CS64, 0, 0
        SAY "stacks:"
        TRY 0, {mov rsp, STKU + 5}, {int 0x80}
        SHOW [q_hsp], 8
        TRY 0, {mov rsp, STKU + 8}, {int 0x80}
        SHOW [q_hsp], 8
        mov qword [TSS + 36], IST1 + 7
        mov byte [IDT64 + 0x80 * 16 + 4], 1
        TRY 0, {nop}
        SHOW [q_hsp], 8
        mov byte [IDT64 + 0x80 * 16 + 4], 0
        mov qword [TSS + 36], IST1
        NL
        SAY "call gate:"
        mov eax, entry64
        mov [GDT + SLOT], ax
        mov word [GDT + SLOT + 2], CS64
        mov word [GDT + SLOT + 4], 0xEC05       ; a count that does not matter
        shr eax, 16
        mov [GDT + SLOT + 6], ax
        mov qword [GDT + SLOT + 8], 0
        mov dword [DATA], 0
        mov word [DATA + 4], SLOT | 3
        TRY 0, {call far dword [DATA]}
        call facts64
        TRY 3, {call far dword [DATA]}
        call facts64
        TRY 3, {jmp far dword [DATA]}
        mov dword [GDT + SLOT + 12], 0x100
        TRY 3, {call far dword [DATA]}
        mov qword [GDT + SLOT + 8], 0x8000
        TRY 3, {call far dword [DATA]}
        mov qword [GDT + SLOT + 8], 0
        mov word [GDT + SLOT + 2], CS0
        TRY 3, {call far dword [DATA]}
        NL
        ret

syscalls:
        SAY "SYSCALL, SCE clear:"
        TRY 3, {syscall}
        TRY 3, {sysenter}
        NL
        mov ecx, 0xC0000080
        rdmsr
        or eax, 1
        wrmsr
        mov ecx, 0xC0000081
        xor eax, eax
        mov edx, (CS3 - 0) << 16 | CS64         ; SYSRET: CS3 + 16 for 64 bits
        wrmsr
        mov ecx, 0xC0000082
        mov eax, .enter
        xor edx, edx
        wrmsr
        mov ecx, 0xC0000084
        mov eax, 0x4100
        wrmsr
        SAY "SYSCALL:"
        mov qword [q_want], 0x42C7
        TRY 3, {syscall}
        SHOW [q_cs], 4
        SHOW [q_ss], 4
        SHOW [q_r11], 8
        mov rax, [q_rcx]
        sub rax, [q_base]
        SHOW rax, 4
        SHOW [q_flags], 8
        mov qword [q_want], 2
        TRY 0, {mov rcx, BAD}, {o64 sysret}
        TRY 3, {o64 sysret}
        TRY 3, {swapgs}
        NL
        SAY "SYSRET:"
        TRY 0, {mov ecx, .user}, {mov r11d, 0x3FFFD7}, {o64 sysret}
        SHOW [q_cs], 4
        SHOW [q_ss], 4
        mov rax, [q_flags]
        SHOW rax, 8
        TRY 0, {mov ecx, .user}, {mov r11d, 2}, {sysret}
        SHOW [q_cs], 4
        SHOW [q_ss], 4
        NL
        ret
.enter: int 0x80
.user:  int 0x80

; --- page tables: bits that are reserved, NX, U/S and R/W in each of four levels
%macro LEVEL 2                          ; name, entry
        SAY {%1, ":"}
        PROBE
        mov dword [%2 + 4], 0x80000000          ; NX
        SAY " nx"
        PROBE
        mov dword [%2 + 4], 0x00080000          ; bit 51
        SAY " 51"
        PROBE
        mov dword [%2 + 4], 0x40000000          ; bit 62: ignored
        SAY " 62"
        PROBE
        mov dword [%2 + 4], 0
        or dword [%2], 0x80
        SAY " ps"
        PROBE
        and dword [%2], 0xFFFFFF7F
        and dword [%2], 0xFFFFFFFB
        SAY " s"
        PROBE
        or dword [%2], 4
        and dword [%2], 0xFFFFFFFD
        SAY " ro"
        PROBE
        or dword [%2], 2
        and dword [%2], 0xFFFFFFFE
        SAY " np"
        PROBE
        or dword [%2], 1
        NL
%endmacro
%macro PROBE 0
        call reload
        TRY 0, {mov rbx, PAGE + 16}, {mov rax, [rbx]}
        TRY 3, {mov rbx, PAGE + 24}, {mov [rbx], rax}
        TRY 3, {mov rbx, PAGE + 16}, {call rbx}
%endmacro
reload: mov rax, cr3
        mov cr3, rax
        ret
tables64:
        mov rax, cr0
        or eax, 0x10000
        mov cr0, rax
        LEVEL "PTE", TABLES + 0x5000
        LEVEL "PDE", TABLES + 0x4000
        LEVEL "PML4E", PML4 + 8
        SAY "PDPTE:"
        PROBE
        mov dword [TABLES + 0x3000 + 4], 0x80000000
        PROBE
        mov dword [TABLES + 0x3000 + 4], 0
        and dword [TABLES + 0x3000], 0xFFFFFFFD
        PROBE
        or dword [TABLES + 0x3000], 2
        NL
        SAY "2 MiB, reserved bits:"
        mov dword [TABLES + 0x4000], 0x2087
        PROBE
        mov dword [TABLES + 0x4000], (TABLES + 0x5000) | 7
        NL
        SAY "accessed and dirty:"
        mov dword [PML4 + 8], (TABLES + 0x3000) | 7
        mov dword [TABLES + 0x3000], (TABLES + 0x4000) | 7
        mov dword [TABLES + 0x4000], (TABLES + 0x5000) | 7
        mov dword [TABLES + 0x5000], FRAMES | 7
        call reload
        mov rbx, PAGE
        mov al, [rbx]
        call show_bits
        mov [rbx], al
        call show_bits
        NL
        mov rax, cr0
        and eax, 0xFFFEFFFF
        mov cr0, rax
        ret
show_bits:
        HEX [PML4 + 8], 2
        SHOW [TABLES + 0x3000], 2
        SHOW [TABLES + 0x4000], 2
        SHOW [TABLES + 0x5000], 2
        SAY " "
        ret

registers:
        cmp byte [tcg], 0
        jne .tcg                                ; it does as it is told
        SAY "CR0, CR4, leaving:"
        TRY 0, {mov rax, cr0}, {and eax, 0x7FFFFFFF}, {mov cr0, rax}
        TRY 0, {mov rax, cr0}, {and eax, 0xFFFFFFFE}, {mov cr0, rax}
        TRY 0, {mov rax, cr4}, {and eax, 0xFFFFFFDF}, {mov cr4, rax}
        TRY 0, {mov ecx, 0xC0000080}, {rdmsr}, {and eax, 0xFFFFFEFF}, {wrmsr}
        NL
        SAY "CR3:"
        TRY 0, {mov rax, cr3}, {bts rax, 62}, {mov cr3, rax}
        TRY 0, {mov rax, cr3}, {bts rax, 63}, {mov cr3, rax}
        NL
        SAY "CR4:"
        TRY 0, {mov rax, cr4}, {bts eax, 31}, {mov cr4, rax}
        TRY 0, {mov rax, cr4}, {bts rax, 32}, {mov cr4, rax}
        TRY 0, {mov rax, cr4}, {bts rax, 15}, {mov cr4, rax}
        NL
.tcg:   SAY "CR0:"
        TRY 0, {mov rax, cr0}, {bts rax, 32}, {mov cr0, rax}
        TRY 0, {mov rax, cr0}, {or eax, 0x20000000}, {mov cr0, rax}
        TRY 3, {mov rax, cr0}
        NL
        SAY "CR8:"
        TRY 0, {mov eax, 5}, {mov cr8, rax}, {mov rcx, cr8}
        SHOW [q_rcx], 8
        TRY 0, {mov eax, 16}, {mov cr8, rax}
        TRY 0, {xor eax, eax}, {mov cr8, rax}
        TRY 3, {mov rax, cr8}
        NL
        SAY "EFER:"
        TRY 0, {mov ecx, 0xC0000080}, {rdmsr}, {or eax, 2}, {wrmsr}
        TRY 0, {mov ecx, 0xC0000080}, {rdmsr}, {mov edx, 1}, {wrmsr}
        TRY 3, {mov ecx, 0xC0000080}, {rdmsr}
        TRY 0, {mov ecx, 0xC0000080}, {rdmsr}
        SHOW [q_rax], 8
        NL
        SAY "MSR:"
        TRY 0, {mov ecx, 0xC0000FFF}, {rdmsr}
        TRY 0, {mov ecx, 0x1B}, {rdmsr}
        SHOW [q_rax], 8
        TRY 0, {mov ecx, 0x1B}, {rdmsr}, {mov edx, 0x80000000}, {wrmsr}
        TRY 0, {mov ecx, 0x277}, {rdmsr}
        SHOW [q_rax], 8
        TRY 0, {mov ecx, 0x277}, {rdmsr}, {mov al, 2}, {wrmsr}
        TRY 0, {mov ecx, 0x2FF}, {rdmsr}, {mov al, 2}, {wrmsr}
        NL
        SAY "DR:"
        TRY 0, {mov rax, 0x100000000}, {mov dr6, rax}
        TRY 0, {mov rax, 0x100000400}, {mov dr7, rax}
        TRY 0, {mov eax, 0x400}, {mov dr7, rax}
        NL
        ret

misc:   SAY "not in 64-bit mode:"
        TRY 0, {db 0x06}
        TRY 0, {db 0x0E}
        TRY 0, {db 0x16}
        TRY 0, {db 0x1E}
        TRY 0, {db 0x27}
        TRY 0, {db 0x2F}
        TRY 0, {db 0x37}
        TRY 0, {db 0x3F}
        TRY 0, {db 0x60}
        TRY 0, {db 0x61}
        TRY 0, {db 0x82, 0xC0, 0}
        TRY 0, {db 0x9A, 0, 0, 0, 0, 0, 0}
        TRY 0, {db 0xCE}
        TRY 0, {db 0xD4, 10}
        TRY 0, {db 0xD5, 10}
        TRY 0, {db 0xD6}
        TRY 0, {db 0xEA, 0, 0, 0, 0, 0, 0}
        NL
        SAY "CMPXCHG16B:"
        TRY 0, {cmpxchg16b [DATA]}
        TRY 0, {cmpxchg16b [DATA + 8]}
        TRY 0, {mov rbx, BAD}, {cmpxchg16b [rbx + 8]}
        NL
        SAY "alignment check:"
        mov rax, cr0
        or eax, 0x40000
        mov cr0, rax
        mov qword [q_want], 0x40002
        TRY 3, {mov rax, [DATA + 4]}
        TRY 3, {mov eax, [DATA + 4]}
        TRY 3, {mov ax, [DATA + 1]}
        TRY 3, {movdqu xmm0, [DATA + 8]}
        TRY 3, {movdqu xmm0, [DATA + 1]}
        TRY 3, {fld tword [DATA + 8]}
        TRY 0, {mov rax, [DATA + 4]}
        mov qword [q_want], 2
        NL
        SAY "length:"
        TRY 0, {times 13 db 0x66}, {o64 nop}
        TRY 0, {times 14 db 0x66}, {o64 nop}
        TRY 0, {db 0x48, 0x66, 0x90}
        TRY 0, {db 0x2E, 0x36, 0x48, 0xB8, 1, 2, 3, 4, 5, 6, 7, 8}
        SHOW [q_rax], 16
        NL
        SAY "wrapping:"
        TRY 0, {mov ebx, 0xFFFFFFF8}, {a32 lea rax, [ebx + 16]}
        SHOW [q_rax], 16
        TRY 0, {mov rbx, 0xFFFFFFFFFFFFFFF8}, {mov rax, [rbx + DATA + 8]}
        TRY 3, {mov rsp, 8}, {push rax}, {push rax}
        TRY 3, {mov rsp, 0}, {push rax}
        NL
        ret

bases:  SAY "FSGSBASE, CR4 clear:"
        TRY 0, {rdfsbase rax}
        TRY 3, {wrgsbase rax}
        NL
        mov rax, cr4
        or eax, 0x10000
        mov cr4, rax
        SAY "FSGSBASE:"
        TRY 3, {mov rcx, 0x123456789ABC}, {wrfsbase rcx}, {rdfsbase rax}
        SHOW [q_rax], 16
        TRY 0, {mov ecx, 0xC0000100}, {rdmsr}, {shl rdx, 32}, {or rax, rdx}
        SHOW [q_rax], 16
        TRY 3, {mov rcx, -16}, {wrfsbase rcx}, {rdfsbase eax}
        SHOW [q_rax], 16
        TRY 3, {mov rcx, -16}, {wrgsbase ecx}, {rdgsbase rax}
        SHOW [q_rax], 16
        TRY 3, {mov ecx, DATA - 0x100}, {wrgsbase rcx}, {mov dword [DATA], 0x1234}, {mov eax, [gs:0x100]}
        SHOW [q_rax], 8
        TRY 3, {mov rcx, BAD}, {wrfsbase rcx}
        TRY 3, {mov rcx, BAD}, {wrgsbase rcx}
        TRY 3, {mov rcx, BAD}, {wrgsbase ecx}
        TRY 0, {db 0xF3, 0x0F, 0xAE, 0x07}      ; RDFSBASE to memory
        NL
        SAY "RDPID:"
        mov ecx, 0xC0000103
        mov eax, 0x89ABCDEF
        xor edx, edx
        wrmsr
        TRY 3, {mov rax, -1}, {db 0xF3, 0x0F, 0xC7, 0xF8}
        SHOW [q_rax], 16
        NL
        SAY "RDRAND, RDSEED:"
        TRY 3, {mov rax, -1}, {rdrand eax}, {setc al}, {lahf}, {shr rax, 32}
        SHOW [q_rax], 16
        TRY 3, {mov rax, -1}, {rdseed ax}, {setc al}, {mov ah, 0}
        SHOW [q_rax], 16
        TRY 3, {or eax, 1}, {rdseed rax}, {lahf}, {mov al, 0}, {movzx eax, ax}
        SHOW [q_rax], 16
        TRY 0, {db 0x0F, 0xC7, 0x37}            ; of memory
        NL
        ret
        IMAGE_END
