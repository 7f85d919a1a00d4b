; models: max 486 pentium
; Descriptors of every type: loads, jumps, calls, LAR, LSL, VERR, VERW, LTR, LLDT, from rings 0 and 3.
        %include "lib.inc"
        ENTRY
bits 32
main:
        call every_type
        call limits
        call far_returns
        call call_gates
        jmp finish

; One line for each access byte. The descriptor: base 0, 4 GiB, 32 bits.
put_slot:                       ; [v0]: access byte
        mov dword [GDT + SLOT], 0x0000FFFF
        mov dword [GDT + SLOT + 4], 0x00CF0000
        mov al, [v0]
        mov [GDT + SLOT + 5], al
        mov dword [GDT + SLOT + 8], 0
        mov dword [GDT + SLOT + 12], 0
        ret

%macro TYPE_TRIES 2             ; ring, RPL
        call put_slot
        SAY " ds"
        TRY %1, {mov ax, SLOT | %2}, {mov ds, ax}
        call put_slot
        SAY " ss"
%if %1 == 0                     ; INT needs a good stack
        TRY 0, {mov ax, SLOT | %2}, {mov dx, DS0}, {mov ss, ax}, {mov ss, dx}
%else
        TRY 3, {mov ax, SLOT | %2}, {mov ss, ax}, {nop}
%endif
        call put_slot
        SAY " lar"
        TRY %1, {mov eax, 0x12345678}, {mov ecx, SLOT | %2}, {lar eax, ecx}
        SHOW [r_eax], 8
        SHOW [r_flags], 2
        SAY " lsl"
        TRY %1, {mov eax, 0x12345678}, {mov ecx, SLOT | %2}, {lsl eax, ecx}
        SHOW [r_eax], 8
        SAY " verr"
        TRY %1, {mov ecx, SLOT | %2}, {verr cx}
        SHOW [r_flags], 2
        SAY " verw"
        TRY %1, {mov ecx, SLOT | %2}, {verw cx}
        SHOW [r_flags], 2
%endmacro

every_type:
        mov dword [v0], 0
.next:  mov dword [want_fl], 2
        SAY "type "
        HEX [v0], 2
        SAY " ring0:"
        TYPE_TRIES 0, 0
        call put_slot
        SAY " ltr"
        TRY 0, {mov ax, SLOT}, {ltr ax}
        SHOW [GDT + SLOT + 4], 8
        call tables
        call put_slot
        SAY " lldt"
        TRY 0, {mov ax, SLOT}, {lldt ax}
        call tables
        call transfers
        NL
        SAY "type "
        HEX [v0], 2
        SAY " rpl3:"
        TYPE_TRIES 0, 3
        NL
        SAY "type "
        HEX [v0], 2
        SAY " ring3:"
        TYPE_TRIES 3, 3
        call put_slot
        call user_transfers
        NL
        inc dword [v0]
        cmp dword [v0], 0x100
        jb .next
        ret

; A task switch to a TSS that is none is another test's.
is_tss: mov al, [v0]
        and al, 0x17
        cmp al, 1
        ret
transfers:
        call is_tss
        je .end
        call put_slot
        SAY " jmp"
        TRY 0, {jmp SLOT:.here}, .here:
        SHOW [r_cs], 4
        call put_slot
        SAY " call"
        TRY 0, {call SLOT:.here2}, .here2:
        SHOW [r_cs], 4
.end:   ret
user_transfers:
        call is_tss
        je .end
        SAY " jmp"
        TRY 3, {jmp SLOT | 3:.here}, .here:
        SHOW [r_cs], 4
.end:   ret

limits: mov dword [DATA], 0x11223344
%macro EDGE 3+                  ; selector, offset, instruction prefix
        SAY " "
        TRY 0, {mov ax, %1}, {mov es, ax}, {mov ebx, %2}, {%3}
%endmacro
        LINE "limit read"
        EDGE SMALL, 0xFF, mov al, [es:ebx]
        EDGE SMALL, 0x100, mov al, [es:ebx]
        EDGE SMALL, 0xFE, mov ax, [es:ebx]
        EDGE SMALL, 0xFF, mov ax, [es:ebx]
        EDGE SMALL, 0xFC, mov eax, [es:ebx]
        EDGE SMALL, 0xFD, mov eax, [es:ebx]
        EDGE SMALL, 0xFFFFFFFF, mov al, [es:ebx]
        NL
        LINE "limit write"
        EDGE SMALL, 0xFC, mov [es:ebx], eax
        EDGE SMALL, 0xFD, mov [es:ebx], eax
        EDGE RDONLY, 0x9000, mov [es:ebx], eax
        EDGE RDONLY, 0x9000, mov eax, [es:ebx]
        EDGE CS0, 0x9000, mov [es:ebx], eax
        EDGE DOWN, 0x20000, mov [es:ebx], eax
        EDGE DOWN, 0x1FFFF, mov [es:ebx], al
        EDGE DOWN, 0x1FFFE, mov [es:ebx], ax
        EDGE 0, 0x9000, mov [es:ebx], eax
        NL
        LINE "limit x87, sse"
        EDGE SMALL, 0xF8, fld qword [es:ebx]
        EDGE SMALL, 0xF9, fld qword [es:ebx]
        EDGE SMALL, 0xF6, fld tword [es:ebx]
        EDGE SMALL, 0xF7, fld tword [es:ebx]
        fninit
        NL
        LINE "limit string"
        TRY 0, {mov ax, SMALL}, {mov es, ax}, {mov edi, 0xF0}, {mov ecx, 0x20}, {rep stosb}
        SHOW [r_ecx], 8
        NL
        LINE "limit code"
        mov dword [GDT + SLOT], 0x0000000F
        mov dword [GDT + SLOT + 4], 0x00409B0F
        TRY 0, {jmp SLOT:0xFF00}
        TRY 0, {jmp SLOT:0x10}
        NL
        ret

; RETF and IRET to every kind of selector, from ring 0 and ring 3.
far_returns:
%macro RETS 2
        SAY "return"
        SHOW %1, 4
        SHOW %2, 4
        SAY ": retf"
        BEGIN_TRY 0
        push dword %2
        push dword STKU
        push dword %1
        push dword %%f
        retf
%%f:    END_TRY
        call result
        SHOW [r_cs], 4
        SHOW [r_ss], 4
        SAY " iret"
        BEGIN_TRY 0
        push dword %2
        push dword STKU
        push dword 0x3202
        push dword %1
        push dword %%g
        iretd
%%g:    END_TRY
        call result
        SHOW [r_cs], 4
        SHOW [r_ss], 4
        call show_flags
        SAY " ring3"
        BEGIN_TRY 3
        push dword %2
        push dword STKU
        push dword 0x3202
        push dword %1
        push dword %%h
        iretd
%%h:    END_TRY
        call result
        SHOW [r_cs], 4
        call show_flags
        NL
%endmacro
        RETS CS0, DS0
        RETS CS0 | 3, DS3
        RETS CS1, DS1
        RETS CS1, DS0
        RETS CS1, DS2
        RETS CS2, DS2
        RETS CS3, DS3
        RETS CS3, DS0
        RETS CS3, 0
        RETS CS3, 3
        RETS CS3, CS3
        RETS CS3, ABSENT | 3
        RETS CS3, RDONLY | 3
        RETS CS3, BEYOND | 3
        RETS 0, DS3
        RETS 3, DS3
        RETS DS3, DS3
        RETS TSSSEL, DS3
        RETS BEYOND, DS3
        RETS BEYOND | 4, DS3
        RETS ABSCODE, DS0
        RETS CONF, DS0
        RETS CONF | 1, DS1
        RETS CONF | 3, DS3
        RETS CONF3, DS0
        RETS CONF3 | 3, DS3
        RETS XONLY, DS0
        LINE "return to a small limit"
        mov dword [GDT + SLOT], 0x0000000F
        mov dword [GDT + SLOT + 4], 0x00409B0F
        TRY 0, {push dword SLOT}, {push dword 0x10}, {retf}
        TRY 0, {push dword 2}, {push dword SLOT}, {push dword 0x10}, {iretd}
        NL
        ret

; Call gates: type, DPL, target, from rings 0 and 3, by CALL and JMP.
%macro GATE_TRY 3               ; access byte, target selector, parameters
        mov dword [GDT + SLOT], (%2) << 16 | (gate_entry - $$)
        mov dword [GDT + SLOT + 4], (0xF0000 & 0xFFFF0000) | (%1) << 8 | (%3)
        SAY "gate"
        SHOW %1, 2
        SHOW %2, 4
        SHOW %3, 2
        SAY ": call"
        TRY 0, {push dword 0x1111}, {push dword 0x2222}, {call SLOT:0}
        call gate_facts
        SAY " call3"
        TRY 3, {push dword 0x1111}, {push dword 0x2222}, {call SLOT | 3:0}
        call gate_facts
        SAY " jmp"
        TRY 0, {jmp SLOT:0}
        call gate_facts
        SAY " jmp3"
        TRY 3, {jmp SLOT | 3:0}
        call gate_facts
        NL
%endmacro
%macro GATE_CALL3 0
        TRY 3, {push dword 0x1111}, {call SLOT | 3:0}
        call gate_facts
%endmacro
gate_facts:
        cmp dword [r_vec], 0x80
        jne .end
        SHOW [r_cs], 4
        SHOW [r_eax], 8
        SHOW [r_ecx], 8
        SHOW [r_edx], 8
.end:   ret
gate_entry:
        mov eax, ss
        mov ecx, esp
        mov edx, [esp + 8]
        int 0x80
call_gates:
        GATE_TRY 0x8C, CS0, 0
        GATE_TRY 0xEC, CS0, 0
        GATE_TRY 0xEC, CS0, 2
        GATE_TRY 0xEC, CS0, 31
        GATE_TRY 0xEC, CS1, 2
        GATE_TRY 0xEC, CS2, 1
        GATE_TRY 0xEC, CS3, 2
        GATE_TRY 0xEC, CONF, 2
        GATE_TRY 0xEC, CONF3, 2
        GATE_TRY 0xEC, DS0, 0
        GATE_TRY 0xEC, TSSSEL, 0
        GATE_TRY 0xEC, 0, 0
        GATE_TRY 0xEC, 3, 0
        GATE_TRY 0xEC, BEYOND, 0
        GATE_TRY 0xEC, BEYOND | 4, 0
        GATE_TRY 0xEC, ABSCODE, 0
        GATE_TRY 0x6C, CS0, 0
        GATE_TRY 0x0C, CS0, 0
        GATE_TRY 0xAC, CS0, 0
        GATE_TRY 0xCC, CS0, 0
        GATE_TRY 0xEC, XONLY, 0
; Ring 1's stack, in the TSS: null, of another ring, absent, beyond the table, read-only, too high.
%macro STACK_TRY 1
        mov word [TSS + 16], %1
        LINE "gate stack"
        SHOW %1, 4
        GATE_CALL3
        NL
%endmacro
        mov dword [GDT + SLOT], (CS1) << 16 | (gate_entry - $$)
        mov dword [GDT + SLOT + 4], 0xF0000 | 0xEC01
        STACK_TRY 0
        STACK_TRY 1
        STACK_TRY DS3
        STACK_TRY DS0
        STACK_TRY ABSENT | 1
        STACK_TRY BEYOND | 1
        STACK_TRY RDONLY | 1
        STACK_TRY CS1
        STACK_TRY DS1
        LINE "gate, TSS too short"
        mov word [GDT + TSSSEL], 15
        and byte [GDT + TSSSEL + 5], 0xFD
        mov ax, TSSSEL
        ltr ax
        GATE_CALL3
        NL
        call tables
        ret
        IMAGE_END
