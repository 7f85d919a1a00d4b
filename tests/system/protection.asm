; What CR4 keeps supervisors and users from: SMEP, SMAP, protection keys, UMIP; PCIDs.
;
; The first 2 MiB are the supervisor's; users have them a second time, at USER. PAGE is tried from
; both sides.
        %define USER 0x40000000
        %include "lib.inc"
        ENTRY
        %include "lib64.inc"
PTE     equ TABLES + 0x5000
NEXT    equ PAGE + 0x1000               ; PTE + 8
OLD     equ 0x1111
NEW     equ 0x2222
UMIP    equ 1 << 11
PCIDE   equ 1 << 17
SMEP    equ 1 << 20
SMAP    equ 1 << 21
PKE     equ 1 << 22
WP      equ 1 << 16
q_cr4   equ 0x6A0                       ; what the guest began with
q_leaf7 equ 0x6A8                       ; EBX, ECX
q_bits  equ 0x6B8
q_pte   equ 0x6C0

main64:
        mov edi, TABLES + 0x2000
        mov ecx, 8
.mine:  and byte [rdi], 0xFB            ; the supervisor's
        add edi, 8
        loop .mine
        mov dword [TABLES + 0x1008], (TABLES + 0x7000) | 7
        mov dword [TABLES + 0x7000], 0x87
        mov byte [FRAMES + 16], 0xC3
        mov byte [FRAMES + 0x1000 + 16], 0xC3
        mov rax, cr0
        or eax, WP
        mov cr0, rax
        mov rax, cr4
        mov [q_cr4], rax
        mov eax, 0x40000000
        cpuid
        cmp ebx, 'TCGT'
        sete [tcg]
        mov eax, 7
        xor ecx, ecx
        cpuid
        SAY "CPUID 7:"
        and ebx, 1 << 7 | 1 << 20
        and ecx, 1 << 2 | 1 << 3 | 1 << 4
        SHOW rbx, 8
        SHOW rcx, 8
        NL
        call execution
        call access
        call windows
        call implicit
        call keys
        call key_registers
        call umip
        call pcid
        ret

reload: mov rax, cr3
        mov cr3, rax
        ret
%macro CR4_IS 1                         ; the bits beside those that the guest began with
        mov rax, [q_cr4]
        or rax, %1
        mov cr4, rax
%endmacro
; A fault is shown as #error code, with its CR2 if that is not of the page.
outcome64:
        cmp qword [q_vec], 14
        jne .other
        SAY " #"
        HEX [q_err], 2
        mov rax, [q_cr2]
        mov rcx, PAGE
        sub rax, rcx
        cmp rax, 0x2000
        jb .end
        SAY "@"
        HEX [q_cr2], 16
.end:   ret
.other: call result64
        ret
%macro SIX 0                            ; read, write, execute; ring 0, ring 3
        call reload
%assign ring 0
%rep 2
        BEGIN_TRY ring
        mov rbx, PAGE + 24
        mov rax, [rbx]
        END_TRY
        call outcome64
        BEGIN_TRY ring
        mov rbx, PAGE + 24
        mov [rbx], rax
        END_TRY
        call outcome64
        BEGIN_TRY ring
        mov rbx, PAGE + 16
        call rbx
        END_TRY
        call outcome64
%assign ring ring + 3
%endrep
        NL
%endmacro

; --- SMEP: where the page may be executed; the error code's bit 4 without NX
execution:
        mov qword [PTE], FRAMES | 7
        SAY "SMEP off, user page:"
        CR4_IS 0
        SIX
        SAY "SMEP on, user page:"
        CR4_IS SMEP
        SIX
        SAY "SMEP on, page of a user's table, but not its own:"
        mov qword [PTE], FRAMES | 3
        SIX
        SAY "SMEP on, not present:"
        mov qword [PTE], 0
        SIX
        mov ecx, 0xC0000080
        rdmsr
        and eax, 0xFFFFF7FF
        wrmsr
        SAY "SMEP on, NX off, user page:"
        mov qword [PTE], FRAMES | 7
        SIX
        SAY "SMEP on, NX off, not present:"
        mov qword [PTE], 0
        SIX
        CR4_IS 0
        SAY "SMEP off, NX off, not present:"
        SIX
        mov ecx, 0xC0000080
        rdmsr
        or eax, 0x800
        wrmsr
        SAY "SMEP turned on between two calls:"
        mov qword [PTE], FRAMES | 7
        call reload
        TRY 0, {mov rbx, PAGE + 16}, {call rbx}, {mov rax, cr4}, {or eax, SMEP}, {mov cr4, rax}, {call rbx}
        NL
        SAY "SMEP, back to a page of users:"
        TRY 0, {mov rbx, PAGE + 16}, {push rbx}, {ret}
        NL
        CR4_IS 0
        ret

; --- SMAP by AC, WP, and what the page is
%macro SMAP_PAGE 1                      ; entry
        mov qword [q_bits], 0
%%next: mov rax, cr0
        and eax, ~WP
        test byte [q_bits], 1
        jz %%wp
        or eax, WP
%%wp:   mov cr0, rax
        mov qword [q_want], 2
        test byte [q_bits], 2
        jz %%ac
        mov qword [q_want], 0x40002
%%ac:   mov qword [PTE], FRAMES | (%1)
        SAY "SMAP, AC and WP"
        SHOW [q_bits], 1
        SAY ", entry"
        mov rax, %1
        SHOW rax, 3
        SAY ":"
        SIX
        inc qword [q_bits]
        cmp qword [q_bits], 4
        jb %%next
        mov qword [q_want], 2
%endmacro
access: CR4_IS SMAP
        SMAP_PAGE 7
        SMAP_PAGE 5
        SMAP_PAGE 3
        SMAP_PAGE 1
        SMAP_PAGE 6
        CR4_IS 0
        ret

; --- STAC and CLAC: what was read and written before is not to be afterwards
windows:
        CR4_IS SMAP
        mov qword [PTE], FRAMES | 7
        mov qword [PTE + 8], (FRAMES + 0x1000) | 3
        call reload
        SAY "STAC, CLAC:"
        TRY 0, {mov rbx, PAGE}, {stac}, {mov rax, [rbx]}, {mov [rbx], rax}, {mov rcx, [rbx]}, {clac}, {mov rax, [rbx]}
        TRY 0, {mov rbx, PAGE}, {stac}, {mov [rbx], rax}, {mov [rbx], rax}, {clac}, {mov [rbx], rax}
        TRY 0, {mov rbx, PAGE}, {stac}, {mov rax, [rbx]}, {clac}, {stac}, {mov rax, [rbx]}
        TRY 0, {mov rbx, PAGE}, {stac}, {mov rax, [rbx]}, {clac}, {push rax}, {pop rcx}, {mov rcx, [rbx + 0x1000]}, {stac}, {mov rax, [rbx]}, {mov rcx, [rbx + 0x1000]}, {clac}, {mov rcx, [rbx + 0x1000]}, {mov rcx, [rbx]}
        TRY 0, {mov rbx, PAGE}, {stac}, {mov rax, [rbx]}, {push qword 2}, {popfq}, {mov rax, [rbx]}
        TRY 0, {mov rbx, PAGE}, {push qword 0x40002}, {popfq}, {mov rax, [rbx]}, {clac}, {add [rbx], rax}
        TRY 0, {stac}, {mov rsi, PAGE}, {mov edi, DATA}, {mov ecx, 64}, {rep movsq}, {clac}, {mov rsi, PAGE}, {mov ecx, 64}, {rep movsq}
        SHOW [q_rcx], 4
        TRY 0, {mov rdi, PAGE}, {mov ecx, 64}, {rep stosq}
        SHOW [q_rcx], 4
        TRY 0, {mov rbx, PAGE}, {stac}, {lock inc qword [rbx]}, {clac}, {lock inc qword [rbx]}
        TRY 0, {mov rbx, PAGE + 0xFFC}, {mov rax, [rbx]}
        TRY 0, {mov rbx, PAGE + 0xFFC}, {stac}, {mov rax, [rbx]}, {mov [rbx], rax}
        TRY 0, {stac}, {pushfq}, {pop rax}
        SHOW [q_rax], 8
        TRY 0, {stac}, {clac}, {pushfq}, {pop rax}
        SHOW [q_rax], 8
        NL
        SAY "STAC, CLAC in ring 3:"
        TRY 3, {stac}
        TRY 3, {clac}
        NL
        SAY "SMAP turned on between two reads:"
        CR4_IS 0
        TRY 0, {mov rbx, PAGE}, {mov rax, [rbx]}, {mov rax, cr4}, {or eax, SMAP}, {mov cr4, rax}, {mov rax, [rbx]}
        NL
        SAY "STAC, CLAC without SMAP:"
        CR4_IS 0
        TRY 0, {stac}, {mov rbx, PAGE}, {mov rax, [rbx]}, {clac}, {mov rax, [rbx]}
        TRY 0, {db 0x66}, {stac}
        TRY 0, {db 0xF3}, {stac}
        TRY 0, {lock}, {clac}
        NL
        ret

; --- implicit accesses, on which AC has no bearing
implicit:
        CR4_IS SMAP
        mov qword [PTE], FRAMES | 7
        call reload
        mov dword [GDT + SLOT], 0x3F            ; an LDT at PAGE
        mov dword [GDT + SLOT + 4], 0x8200
        mov qword [GDT + SLOT + 8], PAGE >> 32
        mov rax, [GDT + DS0]
        mov [FRAMES + 8], rax
        mov ax, SLOT
        lldt ax
        SAY "SMAP, descriptors of users:"
        TRY 0, {mov ax, 0xC}, {mov fs, ax}
        TRY 0, {mov ax, 0xC}, {lar ecx, eax}
        mov qword [q_want], 0x40002
        TRY 0, {mov ax, 0xC}, {mov fs, ax}
        TRY 0, {mov ax, 0xC}, {lar ecx, eax}
        TRY 0, {mov rbx, PAGE}, {mov rax, [rbx]}, {mov rax, [rbx]}, {mov ax, 0xC}, {mov fs, ax}
        TRY 3, {mov ax, 0xC}, {mov fs, ax}
        mov qword [q_want], 2
        NL
        SAY "SMAP, a stack of users:"
        mov rax, PAGE + 0x800
        mov [TSS + 4], rax
        mov byte [IDT64 + 14 * 16 + 4], 1       ; #PF itself: IST1
        TRY 3, {nop}
        mov qword [q_want], 0x40002
        TRY 3, {nop}
        mov qword [q_want], 2
        mov qword [TSS + 4], STKR0
        mov byte [IDT64 + 14 * 16 + 4], 0
        NL
        CR4_IS 0
        xor eax, eax
        lldt ax
        ret

; --- protection keys: AD and WD, rings, WP, and the entry's own bits
%macro KEY_PAGE 3                       ; entry, its key, WP
        mov rax, cr0
        and eax, ~WP
        or eax, %3
        mov cr0, rax
        mov rax, FRAMES | (%1) | (%2) << 59
        mov [PTE], rax
%assign rights 0
%rep 4
        mov eax, rights << (2 * (%2))
        xor ecx, ecx
        xor edx, edx
        wrpkru
        SAY "key"
        mov eax, %2
        SHOW rax, 1
        SAY " rights"
        mov eax, rights
        SHOW rax, 1
        SAY " entry"
        mov eax, %1
        SHOW rax, 1
        SAY " wp"
        mov eax, (%3) >> 16
        SHOW rax, 1
        SAY ":"
        SIX
%assign rights rights + 1
%endrep
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
        wrpkru
%endmacro
keys:   CR4_IS PKE
        KEY_PAGE 7, 0, WP
        KEY_PAGE 7, 5, WP
        KEY_PAGE 7, 15, 0
        KEY_PAGE 5, 15, WP
        KEY_PAGE 5, 3, 0
        KEY_PAGE 3, 5, WP
        KEY_PAGE 6, 5, WP
        mov rax, cr0
        or eax, WP
        mov cr0, rax
        SAY "keys with SMAP:"
        CR4_IS PKE | SMAP
        mov rax, FRAMES | 7 | 2 << 59
        mov [PTE], rax
        mov eax, 3 << 4
        wrpkru
        SIX
        SAY "keys with SMAP and AC:"
        mov qword [q_want], 0x40002
        SIX
        mov qword [q_want], 2
        xor eax, eax
        wrpkru
        CR4_IS PKE
        SAY "WRPKRU between accesses:"
        call reload
%assign ring 0
%rep 2
        TRY ring, {mov rbx, PAGE}, {mov rax, [rbx]}, {mov rax, [rbx]}, {mov eax, 1 << 4}, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}, {mov rax, [rbx]}
        TRY ring, {mov rbx, PAGE}, {xor eax, eax}, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}, {mov [rbx], rax}, {mov eax, 2 << 4}, {wrpkru}, {mov rcx, [rbx]}, {mov [rbx], rcx}
        TRY ring, {mov rbx, PAGE}, {xor eax, eax}, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}, {mov [rbx], rax}, {mov eax, 3 << 6}, {wrpkru}, {mov [rbx], rcx}
%assign ring ring + 3
%endrep
        mov qword [PTE], FRAMES | 7
        call reload
        TRY 0, {mov rbx, PAGE}, {xor eax, eax}, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}, {mov [rbx], rax}, {mov eax, 2}, {wrpkru}, {mov rcx, [rbx]}, {mov [rbx], rcx}
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
        wrpkru
        NL
        SAY "keys without PKE:"
        mov rax, FRAMES | 7 | 2 << 59
        mov [PTE], rax
        mov eax, 3 << 4
        wrpkru
        CR4_IS 0
        SIX
        SAY "PKE turned on between two reads:"
        call reload
        TRY 0, {mov rbx, PAGE}, {mov rax, [rbx]}, {mov rax, cr4}, {or eax, PKE}, {mov cr4, rax}, {mov rax, [rbx]}
        NL
        CR4_IS PKE
        xor eax, eax
        xor ecx, ecx
        xor edx, edx
        wrpkru
        CR4_IS 0
        ret
key_registers:
        SAY "RDPKRU, WRPKRU:"
        TRY 0, {xor ecx, ecx}, {rdpkru}
        TRY 3, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}
        CR4_IS PKE
        mov eax, 7
        xor ecx, ecx
        cpuid
        and ecx, 1 << 4
        SHOW rcx, 2
        TRY 3, {mov eax, 0x87654320}, {xor ecx, ecx}, {xor edx, edx}, {wrpkru}, {dec rax}, {dec rdx}, {rdpkru}
        SHOW [q_rax], 16
        SHOW [q_rdx], 16
        TRY 0, {mov ecx, 1}, {rdpkru}
        TRY 0, {mov ecx, 1}, {xor edx, edx}, {wrpkru}
        TRY 3, {xor ecx, ecx}, {mov edx, 1}, {wrpkru}
        TRY 3, {mov rcx, 1 << 32}, {mov rdx, 1 << 32}, {xor eax, eax}, {wrpkru}, {rdpkru}
        SHOW [q_rax], 16
        TRY 0, {db 0x66}, {rdpkru}
        TRY 0, {db 0xF3}, {wrpkru}
        TRY 0, {lock}, {wrpkru}
        CR4_IS 0
        NL
        ret

; --- UMIP
%macro SEVEN 1
        TRY %1, {mov rbx, DATA + USER}, {sgdt [rbx]}
        TRY %1, {mov rbx, DATA + USER}, {sidt [rbx]}
        TRY %1, {sldt ax}
        TRY %1, {str ax}
        TRY %1, {smsw ax}
        TRY %1, {mov rbx, DATA + USER}, {sldt [rbx]}
        TRY %1, {mov rbx, PAGE}, {smsw [rbx]}
        NL
%endmacro
umip:   SAY "UMIP off, ring 3:"
        mov qword [PTE], FRAMES | 5
        call reload
        SEVEN 3
        CR4_IS UMIP
        SAY "UMIP on, ring 3:"
        SEVEN 3
        SAY "UMIP on, ring 0:"
        SEVEN 0
        SAY "UMIP, other instructions:"
        TRY 3, {mov eax, DS3}, {lar ecx, eax}
        TRY 3, {mov eax, DS3}, {verr ax}
        TRY 3, {mov ax, 1}, {lmsw ax}
        NL
        CR4_IS 0
        ret

; --- PCIDs and INVPCID. What the TLB may keep is not tried; what it must forget is.
%macro INVPCID_ 1                       ; by type in RAX, descriptor
        db 0x66, 0x0F, 0x38, 0x82, 0x04, 0x25
        dd %1
%endmacro
%macro DESCRIPTOR 2                     ; PCID and reserved bits, address
        mov rax, %1
        mov [DATA], rax
        mov rax, %2
        mov [DATA + 8], rax
%endmacro
%macro INVALIDATE 1                     ; type: #GP by the descriptor, or ok
        mov qword [q_rax], 0
        BEGIN_TRY 0
        mov rax, %1
        INVPCID_ DATA
        END_TRY
        call result64
%endmacro
; The page's other frame must be seen after the code.
%macro FORGETS 1-*
        mov rbx, PAGE
        mov rcx, [q_pte]
        mov rax, FRAMES
        or rax, rcx
        mov [PTE], rax
        invlpg [rbx]
        mov rdx, [rbx + 8]
        mov rax, FRAMES + 0x1000
        or rax, rcx
        mov [PTE], rax
%rep %0
        %1
%rotate 1
%endrep
        mov rbx, PAGE
        SHOW [rbx + 8], 4
%endmacro
pcid:   cmp byte [tcg], 0
        je .have
        ret                             ; it has neither
.have:  mov qword [FRAMES + 8], OLD
        mov qword [FRAMES + 0x1000 + 8], NEW
        mov qword [PTE + 8], 0
        mov qword [q_pte], 7
        SAY "INVPCID without PCIDE:"
        DESCRIPTOR 0, PAGE
        INVALIDATE 0
        INVALIDATE 1
        INVALIDATE 2
        INVALIDATE 3
        INVALIDATE 4
        INVALIDATE 1 << 32
        DESCRIPTOR 1, PAGE
        INVALIDATE 0
        INVALIDATE 1
        INVALIDATE 2
        DESCRIPTOR 0x1000, PAGE
        INVALIDATE 0
        INVALIDATE 2
        INVALIDATE 3
        DESCRIPTOR 0, 0x800000000000
        INVALIDATE 0
        INVALIDATE 1
        TRY 3, {db 0x66, 0x0F, 0x38, 0x82, 0x03}
        TRY 0, {db 0x66, 0x0F, 0x38, 0x82, 0xC3}
        TRY 0, {db 0x0F, 0x38, 0x82, 0x03}
        TRY 0, {mov rbx, PAGE + 0x1000}, {xor eax, eax}, {db 0x66, 0x0F, 0x38, 0x82, 0x03}
        TRY 0, {mov rbx, PAGE + 0xFF8}, {mov eax, 5}, {db 0x66, 0x0F, 0x38, 0x82, 0x03}
        NL
        SAY "INVPCID forgets:"
        DESCRIPTOR 0, PAGE
        FORGETS {xor eax, eax}, {INVPCID_ DATA}
        FORGETS {mov eax, 1}, {INVPCID_ DATA}
        FORGETS {mov eax, 2}, {INVPCID_ DATA}
        FORGETS {mov eax, 3}, {INVPCID_ DATA}
        NL
        SAY "CR4.PCIDE:"
        TRY 0, {mov rax, cr3}, {bts rax, 63}, {mov cr3, rax}
        TRY 0, {mov rax, cr3}, {or eax, 8}, {mov cr3, rax}, {mov rcx, cr4}, {or ecx, PCIDE}, {mov cr4, rcx}
        TRY 0, {mov rax, cr3}, {and eax, 0xFFFFF000}, {mov cr3, rax}, {mov rcx, cr4}, {or ecx, PCIDE}, {mov cr4, rcx}
        TRY 0, {mov rax, cr3}, {or eax, 0x123}, {mov cr3, rax}, {bts rax, 63}, {mov cr3, rax}, {mov rbx, cr3}
        SHOW [q_rbx], 16
        TRY 0, {mov rax, cr3}, {bts rax, 62}, {mov cr3, rax}
        TRY 0, {mov rax, cr0}, {and eax, 0x7FFFFFFF}, {mov cr0, rax}
        TRY 0, {mov rax, cr4}, {and eax, ~PCIDE}, {mov cr4, rax}, {mov rcx, cr3}
        SHOW [q_rcx], 16
        TRY 0, {mov rax, cr4}, {or eax, PCIDE}, {mov cr4, rax}
        TRY 0, {mov rax, TABLES}, {mov cr3, rax}, {mov rax, cr4}, {or eax, PCIDE}, {mov cr4, rax}
        NL
        SAY "PCIDs forget:"
        FORGETS {mov rax, TABLES}, {mov cr3, rax}
        FORGETS {mov rax, TABLES | 5}, {mov cr3, rax}, {mov rax, TABLES}, {mov cr3, rax}
        FORGETS {mov rax, 1 << 63 | TABLES | 7}, {mov cr3, rax}, {mov rax, TABLES}, {mov cr3, rax}
        mov rax, TABLES | 7
        mov cr3, rax
        DESCRIPTOR 7, PAGE
        FORGETS {xor eax, eax}, {INVPCID_ DATA}
        FORGETS {mov eax, 1}, {INVPCID_ DATA}
        FORGETS {mov eax, 2}, {INVPCID_ DATA}
        FORGETS {mov eax, 3}, {INVPCID_ DATA}
        ; That of another PCID, which is not in use while it is invalidated.
        FORGETS {mov rax, 1 << 63 | TABLES | 5}, {mov cr3, rax}, {xor eax, eax}, {INVPCID_ DATA}, {mov rax, 1 << 63 | TABLES | 7}, {mov cr3, rax}
        FORGETS {mov rax, 1 << 63 | TABLES | 5}, {mov cr3, rax}, {mov eax, 1}, {INVPCID_ DATA}, {mov rax, 1 << 63 | TABLES | 7}, {mov cr3, rax}
        mov rax, cr4
        or eax, 0x80                    ; PGE
        mov cr4, rax
        mov qword [q_pte], 0x107
        FORGETS {mov eax, 2}, {INVPCID_ DATA}
        FORGETS {mov rbx, PAGE}, {invlpg [rbx]}
        NL
        SAY "another PCID has its own tables:"
        CR4_IS PCIDE
        mov esi, TABLES                 ; PML4 and what leads to PAGE, once more
        mov edi, TABLES + 0x8000
        mov ecx, 0x200
        rep movsq
        mov dword [TABLES + 0x8008], (TABLES + 0x9000) | 7
        mov dword [TABLES + 0x9000], (TABLES + 0xA000) | 7
        mov dword [TABLES + 0xA000], (TABLES + 0xB000) | 7
        mov qword [PTE], FRAMES | 7
        mov qword [TABLES + 0xB000], (FRAMES + 0x1000) | 7
        mov rax, TABLES | 1
        mov cr3, rax
        mov rbx, PAGE
%rep 3
        mov rax, 1 << 63 | TABLES | 1
        mov cr3, rax
        SHOW [rbx + 8], 4
        mov rax, 1 << 63 | (TABLES + 0x8000) | 2
        mov cr3, rax
        SHOW [rbx + 8], 4
%endrep
        NL
        mov rax, TABLES
        mov cr3, rax
        CR4_IS 0
        ret
        IMAGE_END
