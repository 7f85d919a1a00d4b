; Page tables: who may do what, error codes, CR2, Accessed and Dirty bits; with 32-bit entries, 4 MiB
; pages, PAE, 2 MiB pages, NX. The page under test is at 400000h (the second 4 MiB of the address
; space); the first 4 MiB are the guest's own.
        %include "lib.inc"
        ENTRY
%define PAGE 0x400000
bits 32
main:
        mov edi, TABLES
        mov ecx, 0x10000 / 4
        xor eax, eax
        rep stosd
        call two_level
        call pae
        jmp finish

; What is tried on the page: read, write, execute; from ring 0 and 3; then what the entry has become.
; ESI: the entry; [v0]: its value, [v1]: upper half (PAE); [v2]: entry of the level above; [v3] its upper
; address.
fresh:  push eax
        mov eax, [v0]
        mov [esi], eax
        test byte [wide], 1
        jz .small
        mov eax, [v1]
        mov [esi + 4], eax
.small: mov eax, cr3
        mov cr3, eax
        pop eax
        ret
wide    equ VARS + 140
entry   equ VARS + 144
%macro ATTEMPT 2-*                      ; ring, code
        mov esi, [entry]
        call fresh
        mov dword [r_cr2], 0
        BEGIN_TRY %1
%rep %0 - 1
%rotate 1
        %1
%endrep
        END_TRY
        call outcome
%endmacro
outcome:
        cmp dword [r_vec], 0x80
        je .good
        cmp dword [r_vec], 14
        jne .other
        SAY " #"
        HEX [r_err], 2
        cmp dword [r_cr2], PAGE + 4
        je .bits
        cmp dword [r_cr2], PAGE + 16
        je .bits
        SAY "@"
        HEX [r_cr2], 8
        jmp .bits
.other: call result
        jmp .bits
.good:  SAY " ok"
.bits:  SAY "/"
        mov esi, [entry]
        HEX [esi], 2                    ; P, W, U, ..., A, D
        ret
%macro ALL 0
        SAY " r0"
        ATTEMPT 0, {mov eax, [PAGE + 4]}
        SAY " w0"
        ATTEMPT 0, {mov [PAGE + 4], eax}
        SAY " x0"
        ATTEMPT 0, {mov eax, PAGE + 16}, {call eax}
        SAY " r3"
        ATTEMPT 3, {mov eax, [PAGE + 4]}
        SAY " w3"
        ATTEMPT 3, {mov [PAGE + 4], eax}
        SAY " x3"
        ATTEMPT 3, {mov eax, PAGE + 16}, {call eax}
        NL
%endmacro
; Entries of both levels, all combinations of P, R/W and U/S, with and without WP.
combinations:                           ; [entry], [v0]: frame; [v3]: where the upper entry is
        mov dword [combo], 0
.next:  mov ecx, [combo]
        mov eax, ecx
        and eax, 7
        mov edx, [v0]
        and edx, 0xFFFFFFF8
        or eax, edx
        mov [v0], eax
        mov eax, ecx
        shr eax, 3
        and eax, 7
        mov ebx, [v3]
        test ebx, ebx
        jz .no_upper
        mov edx, [ebx]
        and edx, 0xFFFFFF98
        or eax, edx
        mov [ebx], eax
        jmp .wp
.no_upper:
        test ecx, 0x38
        jnz .skip
.wp:    mov eax, cr0
        and eax, 0xFFFEFFFF
        test ecx, 0x40
        jz .set
        or eax, 0x10000
.set:   mov cr0, eax
        mov esi, [title]
        call puts
        SAY " lower"
        mov eax, [combo]
        and eax, 7
        SHOW eax, 1
        SAY " upper"
        mov eax, [combo]
        shr eax, 3
        and eax, 7
        SHOW eax, 1
        SAY " wp"
        mov eax, [combo]
        shr eax, 6
        SHOW eax, 1
        SAY ":"
        ALL
.skip:  inc dword [combo]
        cmp dword [combo], 0x80
        jb .next
        mov ebx, [v3]
        test ebx, ebx
        jz .end
        or dword [ebx], 7
.end:   and dword [v0], 0xFFFFFFF8
        ret
combo   equ VARS + 148
title   equ VARS + 152

two_level:
        mov dword [TABLES], (TABLES + 0x1000) | 7
        mov eax, 7
        mov edi, TABLES + 0x1000
        mov ecx, 1024
.page:  stosd
        add eax, 0x1000
        loop .page
        mov dword [TABLES + 4], (TABLES + 0x2000) | 7
        mov dword [FRAMES + 16], 0xC3           ; RET
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        mov byte [wide], 0
        mov dword [entry], TABLES + 0x2000
        mov dword [v0], FRAMES
        mov dword [v3], TABLES + 4
        mov dword [title], .name
        call combinations
        mov dword [v0], FRAMES | 5
        mov dword [TABLES + 4], (TABLES + 0x2000) | 7
        LINE "read, modify, write"
        ATTEMPT 3, {add dword [PAGE + 4], 0}
        ATTEMPT 3, {xchg eax, [PAGE + 4]}
        ATTEMPT 3, {bts dword [PAGE + 4], 3}
        ATTEMPT 3, {cmpxchg [PAGE + 4], ecx}
        mov dword [v0], FRAMES | 4
        ATTEMPT 3, {add dword [PAGE + 4], 0}
        NL
        LINE "PSE off: bit 7 of a directory entry"
        mov dword [v0], FRAMES | 7
        mov dword [TABLES + 4], (TABLES + 0x2000) | 0x87
        ALL
        mov eax, cr4
        or eax, 0x10                    ; PSE
        mov cr4, eax
        mov dword [16], 0xC3
        mov dword [entry], TABLES + 4
        mov dword [v0], 0x87            ; 4 MiB at 0
        mov dword [v3], 0
        mov dword [title], .large
        call combinations
        LINE "4 MiB, a reserved address bit"
        mov dword [v0], 0x00200087
        ALL
        mov dword [v0], 0x87
        LINE "global pages stay"
        mov eax, cr4
        or eax, 0x80
        mov cr4, eax
        mov dword [TABLES + 4], (TABLES + 0x2000) | 7
        mov dword [TABLES + 0x2000], FRAMES | 0x107
        mov dword [FRAMES + 8], 0x11111111
        mov dword [FRAMES + 0x1008], 0x22222222
        mov eax, cr3
        mov cr3, eax
        mov ebx, [PAGE + 8]
        mov dword [TABLES + 0x2000], (FRAMES + 0x1000) | 0x107
        mov eax, cr3
        mov cr3, eax
        mov ecx, [PAGE + 8]
        invlpg [PAGE]
        mov edx, [PAGE + 8]
        SHOW ebx, 8
        SHOW ecx, 8
        SHOW edx, 8
        NL
        LINE "a page that crosses"
        mov dword [TABLES + 0x2000], FRAMES | 7
        mov dword [TABLES + 0x2004], 0
        invlpg [PAGE]
        invlpg [PAGE + 0x1000]
        mov dword [entry], TABLES + 0x2000
        mov dword [v0], FRAMES | 7
        ATTEMPT 0, {mov eax, [PAGE + 0xFFE]}
        ATTEMPT 0, {mov [PAGE + 0xFFE], eax}
        ATTEMPT 3, {mov [PAGE + 0xFFD], eax}
        ATTEMPT 0, {push dword [PAGE + 0xFFF]}
        ATTEMPT 0, {mov edi, PAGE + 0xFF0}, {mov ecx, 8}, {rep stosd}
        SHOW [r_ecx], 4
        NL
        mov eax, cr0
        and eax, 0x7FFEFFFF
        mov cr0, eax
        xor eax, eax
        mov cr4, eax
        ret
.name:  db "4 KiB", 0
.large: db "4 MiB", 0

pae:    mov edi, TABLES
        mov ecx, 0x10000 / 4
        xor eax, eax
        rep stosd
        mov dword [TABLES], (TABLES + 0x1000) | 1
        mov dword [TABLES + 0x18], (TABLES + 0x4000) | 1
        mov dword [TABLES + 0x1000], 0x87       ; 0-4 MiB by 2 MiB pages
        mov dword [TABLES + 0x1008], 0x200087
        mov dword [TABLES + 0x1010], (TABLES + 0x2000) | 7
        mov eax, cr4
        or eax, 0x20
        mov cr4, eax
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        mov byte [wide], 1
        mov dword [v1], 0
        mov dword [entry], TABLES + 0x2000
        mov dword [v0], FRAMES
        mov dword [v3], TABLES + 0x1010
        mov dword [title], .name
        call combinations
        LINE "PAE NX off: bit 63"
        mov dword [v0], FRAMES | 7
        mov dword [v1], 0x80000000
        ALL
        mov ecx, 0xC0000080
        rdmsr
        or eax, 0x800
        wrmsr
        LINE "PAE NX on"
        ALL
        LINE "PAE NX above"
        mov dword [v1], 0
        mov dword [TABLES + 0x1014], 0x80000000
        ALL
        mov dword [TABLES + 0x1014], 0
        LINE "PAE reserved 62"
        mov dword [v1], 0x40000000
        ALL
        LINE "PAE reserved 52"
        mov dword [v1], 0x00100000
        ALL
        mov dword [v1], 0
        LINE "PAE reserved in the directory"
        mov dword [TABLES + 0x1014], 0x00100000
        ALL
        mov dword [TABLES + 0x1014], 0
        mov dword [entry], TABLES + 0x1010
        mov dword [v0], 0x87
        mov dword [v3], 0
        mov dword [title], .large
        call combinations
        LINE "2 MiB NX"
        mov dword [v0], 0x87
        mov dword [v1], 0x80000000
        ALL
        mov dword [v1], 0
        LINE "2 MiB reserved 13"
        mov dword [v0], 0x2087
        ALL
        LINE "PDPTE reserved bits"
        mov dword [v0], 0x87
        call pdpte
        mov eax, cr0
        and eax, 0x7FFEFFFF
        mov cr0, eax
        xor eax, eax
        mov cr4, eax
        ret
.name:  db "PAE", 0
.large: db "2 MiB", 0
; A load of CR3 checks the four entries; only the load.
pdpte:  mov dword [TABLES + 8], (TABLES + 0x1000) | 3
        TRY 0, {mov eax, cr3}, {mov cr3, eax}
        mov dword [TABLES + 8], (TABLES + 0x1000) | 0x101
        TRY 0, {mov eax, cr3}, {mov cr3, eax}
        mov dword [TABLES + 8], 0x102   ; not present: not checked
        TRY 0, {mov eax, cr3}, {mov cr3, eax}
        mov dword [TABLES + 8], 0
        mov dword [TABLES + 12], 0x00100000
        mov dword [TABLES + 8], 1
        TRY 0, {mov eax, cr3}, {mov cr3, eax}
        mov dword [TABLES + 8], 0
        mov dword [TABLES + 12], 0
        mov eax, cr3
        mov cr3, eax
        NL
        ret
        IMAGE_END
