; Where things end: LOCK and what takes it, accesses that cross into another page, addresses that wrap.
        %include "lib.inc"
        ENTRY
%define PAGE 0x400000                   ; writable, read-only, not present, writable
bits 32
main:   mov eax, 0x40000000
        cpuid
        cmp ebx, 'TCGT'                 ; it takes LOCK nearly everywhere, and is lost
        je .tcg
        call locks
.tcg:   call crossings
        call wraps
        jmp finish

%macro ALU 1
%defstr NAME %1
        LINE {"LOCK ", NAME}
        TRY 0, {lock %1 dword [DATA], 3}
        TRY 0, {lock %1 byte [DATA], 3}
        TRY 0, {lock %1 [DATA], edx}
        TRY 0, {lock %1 edx, [DATA]}
        TRY 0, {lock %1 ecx, edx}
        TRY 0, {lock %1 eax, 3}
        NL
%endmacro
%macro UNARY 1
%defstr NAME %1
        LINE {"LOCK ", NAME}
        TRY 0, {lock %1 dword [DATA]}
        TRY 0, {lock %1 byte [DATA]}
        TRY 0, {lock %1 ecx}
        NL
%endmacro
%macro BINARY 1
%defstr NAME %1
        LINE {"LOCK ", NAME}
        TRY 0, {lock %1 [DATA], edx}
        TRY 0, {lock %1 ecx, edx}
        NL
%endmacro
locks:  ALU add
        ALU or
        ALU adc
        ALU sbb
        ALU and
        ALU sub
        ALU xor
        ALU cmp
        UNARY inc
        UNARY dec
        UNARY not
        UNARY neg
        UNARY mul
        BINARY xchg
        BINARY xadd
        BINARY cmpxchg
        BINARY bt
        BINARY bts
        BINARY btr
        BINARY btc
        BINARY mov
        BINARY test
        LINE "LOCK others"
        TRY 0, {lock cmpxchg8b [DATA]}
        TRY 0, {lock bts dword [DATA], 3}
        TRY 0, {lock bt dword [DATA], 3}
        TRY 0, {lock shl dword [DATA], 1}
        TRY 0, {lock shld [DATA], eax, 1}
        TRY 0, {lock setc [DATA]}
        TRY 0, {lock movsd}
        TRY 0, {lock stosd}
        TRY 0, {lock push dword [DATA]}
        TRY 0, {lock nop}
        TRY 0, {lock lea eax, [DATA]}
        TRY 0, {lock fld1}
        TRY 0, {lock fadd dword [DATA]}
        TRY 0, {lock cpuid}
        TRY 0, {lock mov eax, cr0}
        TRY 0, {lock cli}
        TRY 0, {lock sgdt [DATA]}
        TRY 0, {lock bsf eax, [DATA]}
        TRY 0, {lock imul eax, [DATA]}
        TRY 0, {lock cmovc eax, [DATA]}
        TRY 0, {lock bswap eax}
        NL
        LINE "LOCK and what faults first"
        TRY 3, {lock cli}
        TRY 3, {lock hlt}
        TRY 0, {lock mov eax, [fs:0xFFFFFFF0]}
        NL
        ret

; --- two pages, the second of other rights: faults by CR2 and error code, and what was written
%macro ACROSS 2-*                       ; ring, code
        mov eax, 0x11111111
        mov edi, FRAMES + 0xFC0
        mov ecx, 0x40 / 4
        rep stosd
        mov edi, FRAMES + 0x3000
        mov ecx, 0x40 / 4
        rep stosd
        mov dword [r_cr2], 0
        BEGIN_TRY %1
%rep %0 - 1
%rotate 1
        %1
%endrep
        END_TRY
        call crossed
%endmacro
crossed:
        cmp dword [r_vec], 14
        je .fault
        call result
        jmp .bytes
.fault: SAY " #"
        HEX [r_err], 2
        SAY "@"
        HEX [r_cr2], 8
.bytes: SAY "="
        HEX [FRAMES + 0xFF8], 8
        HEX [FRAMES + 0xFFC], 8
        ret
%macro EDGE 2                           ; name, where the second page begins
        SAY {%1, " read:"}
        ACROSS 3, {mov eax, [%2 - 2]}
        ACROSS 3, {mov ax, [%2 - 1]}
        ACROSS 3, {mov al, [%2 - 1]}
        ACROSS 3, {fld tword [%2 - 4]}
        ACROSS 3, {movdqu xmm0, [%2 - 8]}
        ACROSS 3, {pop dword [%2 - 3]}
        NL
        SAY {%1, " write:"}
        ACROSS 3, {mov eax, 0x22222222}, {mov [%2 - 2], eax}
        ACROSS 3, {mov eax, 0x22222222}, {mov [%2 - 1], ax}
        ACROSS 3, {mov eax, 0x22222222}, {mov [%2 - 4], eax}
        ACROSS 3, {fld1}, {fstp qword [%2 - 3]}
        ACROSS 3, {pcmpeqd xmm0, xmm0}, {movdqu [%2 - 8], xmm0}
        ACROSS 3, {push 0x22222222}, {mov edi, %2 - 2}, {pop dword [edi]}
        ACROSS 3, {mov ebp, esp}, {mov esp, %2 + 2}, {push 0x22222222}
        ACROSS 3, {xor ebx, ebx}, {mov esp, %2 + 8}, {pushad}
        ACROSS 3, {mov esp, %2 + 2}, {enter 0, 0}
        NL
        SAY {%1, " modify:"}
        ACROSS 3, {add dword [%2 - 2], 0x11111111}
        ACROSS 3, {lock add dword [%2 - 2], 0x11111111}
        ACROSS 3, {mov eax, 0x22222222}, {xchg [%2 - 3], eax}
        ACROSS 3, {mov eax, 0x11111111}, {mov ecx, 0x22222222}, {cmpxchg [%2 - 2], ecx}
        ACROSS 3, {xor eax, eax}, {cmpxchg [%2 - 2], ecx}
        ACROSS 3, {bts dword [%2 - 2], 31}
        ACROSS 3, {shl dword [%2 - 2], 1}
        NL
        SAY {%1, " strings:"}
        ACROSS 3, {mov edi, %2 - 8}, {mov ecx, 4}, {mov eax, 0x22222222}, {rep stosd}
        SHOW [r_ecx], 4
        ACROSS 3, {mov edi, %2 - 6}, {mov ecx, 4}, {mov eax, 0x22222222}, {rep stosd}
        SHOW [r_ecx], 4
        ACROSS 3, {mov esi, DATA}, {mov edi, %2 - 5}, {mov ecx, 9}, {rep movsb}
        SHOW [r_ecx], 4
        ACROSS 3, {mov esi, %2 - 6}, {mov edi, DATA}, {mov ecx, 4}, {rep movsw}
        SHOW [r_ecx], 4
        ACROSS 3, {std}, {mov esi, DATA + 64}, {mov edi, %2 + 4}, {mov ecx, 4}, {rep movsd}
        SHOW [r_ecx], 4
        NL
%endmacro
; Code that begins with these bytes, the last of the first page.
%macro FETCH 1-*
        mov edi, FRAMES + 0x1000 - %0
%assign n 0
%rep %0
        mov byte [edi + n], %1
%assign n n + 1
%rotate 1
%endrep
        mov dword [r_cr2], 0
        BEGIN_TRY 3
        mov edx, PAGE + 0x1000 - %0
        jmp edx
        END_TRY
        call fetched
%endmacro
fetched:
        cmp dword [r_vec], 14
        je .fault
        call result
        ret
.fault: SAY " #"
        HEX [r_err], 2
        SAY "@"
        HEX [r_cr2], 8
        SAY " at "
        HEX [r_eip], 8
        ret
crossings:
        mov dword [DATA], 0x44332211
        mov dword [DATA + 4], 0x88776655
        mov dword [DATA + 8], 0xCCBBAA99
        mov edi, TABLES
        mov ecx, 0x3000 / 4
        xor eax, eax
        rep stosd
        mov dword [TABLES], (TABLES + 0x1000) | 7
        mov eax, 7
        mov edi, TABLES + 0x1000
        mov ecx, 1024
.page:  stosd
        add eax, 0x1000
        loop .page
        mov dword [TABLES + 4], (TABLES + 0x2000) | 7
        mov dword [TABLES + 0x2000], FRAMES | 7         ; W
        mov dword [TABLES + 0x2004], (FRAMES + 0x3000) | 5      ; RO
        mov dword [TABLES + 0x200C], FRAMES | 7         ; W; 402000h is not present
        mov dword [TABLES + 0x2010], (FRAMES + 0x3000) | 7
        mov dword [TABLES + 0x2014], FRAMES | 7
        mov dword [TABLES + 0x2018], (FRAMES + 0x3000) | 3      ; the supervisor's
        mov dword [TABLES + 0x201C], FRAMES | 7
        mov dword [TABLES + 0x2020], 0
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr4
        or eax, 0x600
        mov cr4, eax
        mov eax, cr0
        or eax, 0x80010000
        mov cr0, eax
        fninit
        EDGE "into a read-only page", PAGE + 0x1000
        EDGE "into a writable page", PAGE + 0x4000
        EDGE "into the supervisor's page", PAGE + 0x6000
        EDGE "into no page", PAGE + 0x8000
        EDGE "from no page", PAGE + 0x3000
        LINE "code into a read-only page"
        mov dword [FRAMES + 0x3000], 0x80CD80CD         ; INT 80h
        mov dword [FRAMES + 0x3004], 0x80CD80CD
        FETCH 0x90, 0xB8
        FETCH 0xB8, 0x00, 0x00
        FETCH 0xCD
        NL
        mov dword [TABLES + 0x2004], 0
        mov eax, cr3
        mov cr3, eax
        LINE "code into no page"
        FETCH 0x90
        FETCH 0xB8
        FETCH 0xB8, 0x00, 0x00
        FETCH 0xCD
        FETCH 0x66, 0x2E
        FETCH 0xEB, 0x00
        FETCH 0xCD, 0x80
        NL
        mov eax, cr0
        and eax, 0x7FFEFFFF
        mov cr0, eax
        ret

; --- offsets and addresses that wrap
%macro SEGMENT 3                        ; base, limit, flags: in SLOT, for FS
        mov dword [GDT + SLOT], ((%1) & 0xFFFF) << 16 | ((%2) & 0xFFFF)
        mov dword [GDT + SLOT + 4], ((%1) & 0xFF000000) | (%3) << 20 | ((%2) & 0xF0000) | 0x9300 | (((%1) >> 16) & 0xFF)
        mov ax, SLOT
        mov fs, ax
%endmacro
wraps:  mov dword [DATA], 0x44332211
        mov dword [DATA + 4], 0x88776655
        LINE "base and offset beyond 4 GiB"
        SEGMENT 0xFFFFF000, 0xFFFFF, 0xC
        TRY 0, {mov ax, SLOT}, {mov fs, ax}, {mov eax, [fs:DATA + 0x1000]}
        SHOW [r_eax], 8
        TRY 0, {mov ax, SLOT}, {mov fs, ax}, {mov ebx, 0xFFFFFFFF}, {mov eax, [fs:ebx + DATA + 0x1001]}
        SHOW [r_eax], 8
        TRY 0, {mov ebx, 0x80000000}, {mov eax, [ebx * 2 + DATA]}
        SHOW [r_eax], 8
        TRY 0, {mov ebx, 0xFFFFFFFC}, {lea eax, [ebx + ebx * 8 + 4]}
        SHOW [r_eax], 8
        NL
        LINE "16-bit addresses"
        TRY 0, {mov ebx, 0xFFFF8000}, {mov esi, 0x00010001}, {a16 mov eax, [bx + si]}
        SHOW [r_eax], 8
        TRY 0, {mov ebx, 0xFFFF9000}, {a16 mov eax, [bx - 0x1000]}
        SHOW [r_eax], 8
        TRY 0, {mov ebx, 0xC000}, {mov esi, 0xC000}, {a16 mov eax, [bx + si]}
        SHOW [r_eax], 8
        TRY 0, {mov esi, 0xFFFE8000}, {mov edi, 0x12348010}, {mov ecx, 0xABCD0002}, {a16 rep movsd}
        SHOW [r_ecx], 8
        TRY 0, {mov ecx, 0x10001}, {a16 loop $}, {nop}
        SHOW [r_ecx], 8
        TRY 0, {mov ecx, 0xFFFF0000}, {a16 jecxz .zero}, {ud2}, .zero:
        NL
        LINE "64 KiB segment"
        SEGMENT 0, 0xFFFF, 0x4
        TRY 0, {mov ax, SLOT}, {mov fs, ax}, {mov al, [fs:0xFFFF]}
        TRY 0, {mov ax, SLOT}, {mov fs, ax}, {mov al, [fs:0xFFFE]}
        NL
        LINE "16-bit stack"
        SEGMENT 0x8000, 0xFFFF, 0x0
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov esp, 0x12340000}, {push eax}, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov esp, 0x12340000}, {o16 push ax}, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov esp, 0x1234FFFE}, {o16 pop bx}, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov esp, 0x12340100}, {call .near}, .near:, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov esp, 0x12340010}, {pushad}, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        TRY 0, {mov ax, SLOT}, {mov ss, ax}, {mov ebp, 0x77770040}, {mov esp, 0x12340100}, {leave}, {mov ecx, esp}, {mov ax, DS0}, {mov ss, ax}, {mov esp, STKT}
        SHOW [r_ecx], 8
        NL
        ret
        IMAGE_END
