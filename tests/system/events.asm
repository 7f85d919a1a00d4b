; models: max pentium
; Interrupt and trap gates, nested faults, tasks of 16 and 32 bits, v8086 mode, debugging.
        %include "lib.inc"
        ENTRY
bits 32
main:
        call gates
        call nested
        call task_switches
        call v86_mode
        call debugging
        call lengths
        jmp finish

; --- gates of the IDT, vector 50h
%macro GATE 2                   ; access byte, target
        mov dword [IDT + 0x50 * 8], (%2) << 16 | (entry - $$)
        mov dword [IDT + 0x50 * 8 + 4], 0xF0000 | (%1) << 8
        SAY "int gate"
        SHOW %1, 2
        SHOW %2, 4
        SAY ": int"
        mov dword [want_fl], 0x4302     ; NT, TF, IF
        and dword [want_fl], 0xFFFFFEFF
        TRY 0, {int 0x50}
        call facts
        SAY " int3"
        TRY 3, {int 0x50}
        call facts
        mov dword [want_fl], 2
        NL
%endmacro
facts:  cmp dword [r_vec], 0x80
        jne .end
        SHOW [r_cs], 4
        SHOW [r_eax], 8
        SHOW [r_ecx], 8
        SHOW [r_edx], 8
        call show_flags
.end:   ret
entry:  mov eax, ss
        mov ecx, esp
        mov edx, [esp + 8]
        and edx, 0xFFFEFFFF
        int 0x80
gates:
        GATE 0x8E, CS0
        GATE 0xEE, CS0
        GATE 0xEF, CS0
        GATE 0xCE, CS0
        GATE 0xEE, CS1
        GATE 0xEE, CS2
        GATE 0xEE, CS3
        GATE 0xEE, CONF
        GATE 0xEE, CONF3
        GATE 0xEE, DS0
        GATE 0xEE, 0
        GATE 0xEE, 3
        GATE 0xEE, BEYOND
        GATE 0xEE, BEYOND | 4
        GATE 0xEE, ABSCODE
        GATE 0xEE, TSSSEL
        GATE 0x6E, CS0
        GATE 0x0E, CS0
        GATE 0xEC, CS0
        GATE 0xE0, CS0
        GATE 0xE9, CS0
        GATE 0xF2, CS0
        GATE 0xFE, CS0
        GATE 0xE5, TSSSEL
        GATE 0xE5, CS0
        GATE 0xE5, 0
        GATE 0xE5, BEYOND
        GATE 0xE5, LDTSEL
        LINE "int, IDT too short"
        lidt [.short]
        TRY 0, {int 0x81}
        TRY 0, {int 0xFF}
        TRY 3, {int 0x81}
        lidt [idtr]
        NL
        LINE "software interrupts, ring 3"
        TRY 3, {int 3}
        TRY 3, {db 0xCD, 3}
        TRY 3, {mov al, 0x7F}, {add al, 1}, {into}
        TRY 3, {xor al, al}, {into}
        TRY 3, {int 0x20}
        NL
        LINE "software interrupts, ring 0"
        TRY 0, {int3}
        TRY 0, {db 0xCD, 3}
        TRY 0, {mov al, 0x7F}, {add al, 1}, {into}
        TRY 0, {int 0x20}
        NL
        ret
.short: dw 0x407
        dd IDT

; --- a fault while a fault is delivered: which vector comes out
; The gate of the first is absent (#NP), or points at a bad selector (#GP); or its stack is bad.
%macro NEST 3                   ; name, vector of the first, code that raises it
        LINE {"nested ", %1}
        call tables
        and byte [IDT + %2 * 8 + 5], 0x7F
        SAY " absent"
        TRY 0, %3
        SHOW [r_cr2], 8
        call tables
        mov word [IDT + %2 * 8 + 2], BEYOND
        SAY " beyond"
        TRY 0, %3
        call tables
        NL
%endmacro
%macro raise_de 0
        xor edx, edx
        xor ecx, ecx
        div ecx
%endmacro
%macro raise_ud 0
        ud2
%endmacro
%macro raise_bp 0
        int3
%endmacro
%macro raise_np 0
        mov ax, ABSENT
        mov ds, ax
%endmacro
%macro raise_ss 0
        mov ax, ABSENT
        mov ss, ax
%endmacro
%macro raise_gp 0
        mov ax, BEYOND
        mov ds, ax
%endmacro
%macro raise_pf 0
        mov eax, [0x200000]
%endmacro
nested: mov edi, TABLES                 ; the first 4 MiB and the ROM's, 8 KiB left out
        xor eax, eax
        mov ecx, 1024
        rep stosd
        mov dword [TABLES], TABLES + 0x1000 | 3
        mov eax, 3
        mov edi, TABLES + 0x1000
        mov ecx, 1024
.page:  stosd
        add eax, 0x1000
        loop .page
        mov dword [TABLES + 0x1000 + 0x200 * 4], 0
        mov eax, TABLES
        mov cr3, eax
        NEST "#DE", 0, raise_de
        NEST "#UD", 6, raise_ud
        NEST "#BP", 3, raise_bp
        NEST "#NP", 11, raise_np
        NEST "#SS", 12, raise_ss
        NEST "#GP", 13, raise_gp
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        NEST "#PF", 14, raise_pf
        LINE "nested #PF, ring 3, stack absent"
        mov dword [TSS + 4], 0x201000
        mov dword [TABLES + 0x1000 + 0x201 * 4], 0
        mov dword [TABLES], TABLES + 0x1000 | 7
        or dword [TABLES + 0x1000 + (STKU >> 12) * 4], 4
        or dword [TABLES + 0x1000 + (STKU >> 12) * 4 - 4], 4
        mov dword [IDT + 8 * 8], TSS2SEL << 16
        mov dword [IDT + 8 * 8 + 4], 0x8500
        call make_task
        mov dword [TSS2 + 0x1C], TABLES
        mov dword [TSS2 + 0x20], .df
        mov dword [resume], .back
        mov [sp_save], esp
        push dword DS3
        push dword STKU
        push dword 2
        push dword CS3
        push dword .bad
        iretd
.bad:   mov eax, [0x200000]
.df:    pop dword [v0]                  ; a task gate: the error code, and the state in the TSS
        mov eax, [TSS + 0x20]
        sub eax, .bad
        mov [v1], eax
        jmp .back
.back:  mov esp, [sp_save]
        mov eax, cr0
        and eax, 0x7FFFFFF7
        mov cr0, eax
        str ax
        SHOW eax, 4
        SHOW [v0], 4
        SHOW [v1], 4
        mov eax, cr2
        SHOW eax, 8
        NL
        call tables
        ret

; --- tasks
make_task:
        pushad
        mov edi, TSS2
        mov ecx, 0x68 / 4
        xor eax, eax
        rep stosd
        mov dword [TSS2 + 0x20], task32
        mov dword [TSS2 + 0x24], 2
        mov dword [TSS2 + 0x28], 0xAAAA0001
        mov dword [TSS2 + 0x38], STKT
        mov dword [TSS2 + 0x48], DS0
        mov dword [TSS2 + 0x4C], CS0
        mov dword [TSS2 + 0x50], DS0
        mov dword [TSS2 + 0x54], DS0
        mov word [TSS2 + 0x66], 0x68
        mov eax, cr3
        mov [TSS2 + 0x1C], eax
        mov edi, TSS16
        mov ecx, 0x2C / 4
        xor eax, eax
        rep stosd
        mov word [TSS16 + 0x0E], task16 - $$
        mov word [TSS16 + 0x10], 2
        mov word [TSS16 + 0x12], 0x1234
        mov word [TSS16 + 0x1A], STKT
        mov word [TSS16 + 0x22], DS0
        mov word [TSS16 + 0x24], CS16
        mov word [TSS16 + 0x26], DS16   ; the upper half of ESP is not defined
        mov word [TSS16 + 0x28], DS0
        popad
        ret
task32: mov [v0], eax
        mov [v1], esp
        pushfd
        pop dword [v2]
        mov eax, cr0
        mov [v3], eax
        int 0x80
bits 16
task16: mov [v0], ax
        mov [v1], sp
        pushfd
        pop dword [v2]
        mov eax, cr0
        mov [v3], eax
        int 0x80
bits 32
task_facts:                             ; and back to the main task, by hand
        pushad
        call result
        str ax
        SHOW eax, 4
        SHOW [r_cs], 4
        SHOW [v0], 8
        SHOW [v1], 8
        SHOW [v2], 8
        SHOW [v3], 2
        movzx eax, word [TSS2]
        SHOW eax, 4
        movzx eax, word [TSS16]
        SHOW eax, 4
        movzx eax, byte [GDT + TSSSEL + 5]
        SHOW eax, 2
        movzx eax, byte [GDT + TSS2SEL + 5]
        SHOW eax, 2
        movzx eax, byte [GDT + TSS16SEL + 5]
        SHOW eax, 2
        mov dword [v0], 0
        mov dword [v1], 0
        mov dword [v2], 0
        mov dword [v3], 0
        clts
        call tables
        popad
        ret
%macro SWITCH 2-*                       ; name, code
        call make_task
        LINE {"task ", %1}
        BEGIN_TRY 0
%rep %0 - 1
%rotate 1
        %1
%endrep
        END_TRY
        call task_facts
        NL
%endmacro
%macro BAD_TASK 2+                      ; name, what spoils it
        call make_task
        LINE {"bad task ", %1}
        %2
        call fault_tasks
        BEGIN_TRY 0
        call TSS2SEL:0
        END_TRY
        SHOW [r_vec], 2
        SHOW [r_err], 4
        movzx eax, word [v1]            ; the task that was current
        SHOW eax, 4
        mov eax, [TSS2 + 0x20]          ; where it stands, and what it has loaded
        sub eax, task32
        SHOW eax, 8
        movzx eax, word [TSS2 + 0x4C]
        SHOW eax, 4
        movzx eax, word [TSS2 + 0x50]
        SHOW eax, 4
        movzx eax, word [TSS2 + 0x54]
        SHOW eax, 4
        movzx eax, word [TSS2]
        SHOW eax, 4
        clts
        call tables
        NL
%endmacro
; #TS, #NP, #SS and #GP go to tasks of their own, at 3A00h, 3A80h, ...: the new task may lack a stack.
fault_tasks:
        pushad
        xor ecx, ecx
.each:  mov eax, ecx
        shl eax, 7
        lea edi, [eax + 0x3A00]
        push ecx
        push edi
        mov esi, TSS2
        mov ecx, 0x68 / 4
        rep movsd
        pop edi
        pop ecx
        mov dword [edi + 0x4C], CS0
        mov dword [edi + 0x50], DS0
        mov dword [edi + 0x54], DS0
        mov dword [edi + 0x5C], 0
        mov dword [edi + 0x60], 0
        mov word [edi + 0x64], 0
        mov dword [edi + 0x38], STKT - 0x100
        lea eax, [ecx + 10]
        mov [edi + 0x28], eax           ; EAX: the vector
        mov dword [edi + 0x20], fault_task
        lea ebx, [ecx * 8 + 0xD8]
        mov word [GDT + ebx], 0x67
        mov [GDT + ebx + 2], di
        mov dword [GDT + ebx + 4], 0x8900
        mov [IDT + ecx * 8 + 80 + 2], bx
        mov dword [IDT + ecx * 8 + 80 + 4], 0x8500
        inc ecx
        cmp ecx, 4
        jb .each
        popad
        ret
fault_task:
        mov [r_vec], eax
        pop dword [r_err]
        str ebx
        sub ebx, 0xD8
        shl ebx, 4
        mov ax, [ebx + 0x3A00]          ; its link
        mov [v1], ax
        mov esp, [sp_save]
        jmp [resume]
task_switches:
        xor eax, eax
        mov cr3, eax
        SWITCH "jmp 32", {jmp TSS2SEL:0}
        SWITCH "call 32", {call TSS2SEL:0}
        SWITCH "jmp 16", {jmp TSS16SEL:0}
        SWITCH "call 16", {call TSS16SEL:0}
        SWITCH "rpl 3", {jmp TSS2SEL | 3:0}
        SWITCH "gate", {mov dword [GDT + SLOT], TSS2SEL << 16}, {mov dword [GDT + SLOT + 4], 0x8500}, {call SLOT:0}
        SWITCH "gate absent", {mov dword [GDT + SLOT], TSS2SEL << 16}, {mov dword [GDT + SLOT + 4], 0x0500}, {call SLOT:0}
        SWITCH "gate to code", {mov dword [GDT + SLOT], CS0 << 16}, {mov dword [GDT + SLOT + 4], 0x8500}, {call SLOT:0}
        SWITCH "gate to LDT", {mov dword [GDT + SLOT], 4 << 16}, {mov dword [GDT + SLOT + 4], 0x8500}, {call SLOT:0}
        SWITCH "int gate", {mov dword [IDT + 0x50 * 8], TSS2SEL << 16}, {mov dword [IDT + 0x50 * 8 + 4], 0x8500}, {int 0x50}
        SWITCH "busy", {or byte [GDT + TSS2SEL + 5], 2}, {jmp TSS2SEL:0}
        SWITCH "itself", {jmp TSSSEL:0}
        SWITCH "absent", {and byte [GDT + TSS2SEL + 5], 0x7F}, {jmp TSS2SEL:0}
        SWITCH "too short", {mov word [GDT + TSS2SEL], 0x66}, {jmp TSS2SEL:0}
        SWITCH "16 too short", {mov word [GDT + TSS16SEL], 0x2A}, {jmp TSS16SEL:0}
        SWITCH "iret, link null", {mov word [TSS], 0}, {push dword 0x4002}, {popfd}, {iretd}
        SWITCH "iret, link not busy", {mov word [TSS], TSS2SEL}, {push dword 0x4002}, {popfd}, {iretd}
        SWITCH "iret, link busy", {mov word [TSS], TSS2SEL}, {or byte [GDT + TSS2SEL + 5], 2}, {push dword 0x4002}, {popfd}, {iretd}
        SWITCH "iret, link to code", {mov word [TSS], CS0}, {push dword 0x4002}, {popfd}, {iretd}
        BAD_TASK "cs null", mov dword [TSS2 + 0x4C], 0
        BAD_TASK "cs data", mov dword [TSS2 + 0x4C], DS0
        BAD_TASK "cs absent", mov dword [TSS2 + 0x4C], ABSCODE
        BAD_TASK "cs beyond", mov dword [TSS2 + 0x4C], BEYOND
        BAD_TASK "cs rpl", mov dword [TSS2 + 0x4C], CS0 | 3
        BAD_TASK "ss null", mov dword [TSS2 + 0x50], 0
        BAD_TASK "ss absent", mov dword [TSS2 + 0x50], ABSENT
        BAD_TASK "ss read-only", mov dword [TSS2 + 0x50], RDONLY
        BAD_TASK "ss rpl", mov dword [TSS2 + 0x50], DS3
        BAD_TASK "ds absent", mov dword [TSS2 + 0x54], ABSENT
        BAD_TASK "ds beyond", mov dword [TSS2 + 0x54], BEYOND
        BAD_TASK "ds execute-only", mov dword [TSS2 + 0x54], XONLY
        BAD_TASK "ds tss", mov dword [TSS2 + 0x54], TSSSEL
        BAD_TASK "gs beyond", mov dword [TSS2 + 0x5C], BEYOND
        BAD_TASK "ldt beyond", mov dword [TSS2 + 0x60], BEYOND
        BAD_TASK "ldt data", mov dword [TSS2 + 0x60], DS0
        BAD_TASK "ldt in ldt", mov dword [TSS2 + 0x60], LDTSEL | 4
        BAD_TASK "trap bit", mov word [TSS2 + 0x64], 1
        ret

; --- v8086 mode: code at 0:4000h
%macro V86 3-*                          ; flags, name, code
        jmp %%over
bits 16
%%code: 
%push v86
%define %$flags %1
%define %$name %2
%rep %0 - 2
%rotate 1
        %2
%endrep
        int 0x80
%%end:
bits 32
%%over: mov esi, %%code
        mov edi, 0x4000
        mov ecx, %%end - %%code
        rep movsb
        LINE {"v86 ", %$name}
        SHOW %$flags, 8
        mov dword [resume], %%back
        mov [sp_save], esp
        mov dword [base], 0x4000
        push dword 0
        push dword 0
        push dword 0
        push dword 0
        push dword 0
        push dword STKU
        push dword %$flags | 0x20002
        push dword 0
        push dword 0x4000
        mov eax, 0x12345678
        iretd
%pop
%%back: call settle
        call result
        call show_flags
        SHOW [r_esp], 4
        SHOW [r_eax], 8
        NL
%endmacro
v86_mode:
        mov byte [IDT + 0x80 * 8 + 5], 0xEE
%macro V86_SET 1
        V86 %1, "cli", {cli}
        V86 %1, "sti", {sti}
        V86 %1, "pushf", {pushf}, {pop ax}
        V86 %1, "popf", {push word 0x7FFF & ~0x100}, {popf}
        V86 %1, "pushfd", {pushfd}, {pop eax}
        V86 %1, "popfd", {push dword 0x3FFE3002}, {popfd}
        V86 %1, "iret", {push word 0x3202}, {push cs}, {push word 0x4008}, {iret}, {nop}, {nop}
        V86 %1, "int 21h", {int 0x21}
        V86 %1, "int3", {int3}
        V86 %1, "hlt", {hlt}
        V86 %1, "mov cr0", {mov eax, cr0}
        V86 %1, "in 3F9h", {mov dx, 0x3F9}, {in al, dx}
        V86 %1, "in 80h", {in al, 0x80}
        V86 %1, "lldt", {lldt ax}
        V86 %1, "arpl", {arpl ax, ax}
        V86 %1, "smsw", {smsw ax}
        V86 %1, "clts", {clts}
        V86 %1, "mov ss", {mov ax, 0x40}, {mov ss, ax}, {nop}
%endmacro
        V86_SET 0
        V86_SET 0x3000
        V86_SET 0x3202
        V86 0, "limit", {mov ebx, 0x10000}, {mov al, [ebx]}
        V86 0, "limit word", {mov bx, 0xFFFF}, {mov ax, [bx]}
        V86 0, "stack limit", {mov sp, 1}, {push ax}
        LINE "v86 through a gate to ring 1"
        mov word [IDT + 0x50 * 8 + 2], CS1
        mov byte [IDT + 0x50 * 8 + 5], 0xEE
        NL
        V86 0x3000, "int to ring 1", {int 0x50}
        mov word [IDT + 0x50 * 8 + 2], CONF
        V86 0x3000, "int to conforming", {int 0x50}
        call tables
        mov eax, 0x80000001
        mov eax, 1
        cpuid
        and edx, 2
        LINE "v86 VME known"
        SHOW edx, 1
        NL
        mov eax, cr4
        or eax, 3                       ; VME, PVI
        test edx, edx
        jz .no_vme
        mov cr4, eax
        mov word [TSS + 0x66], 0x88     ; INT n by the bitmap: 21h to the guest
        mov edi, TSS + 0x68
        xor eax, eax
        mov ecx, 8
        rep stosd
        mov byte [TSS + 0x68 + 0x80 / 8], 1    ; 80h not
        mov dword [0x21 * 4], 0x4008
        V86 0, "VME cli", {cli}
        V86 0x80000, "VME cli VIF", {cli}
        V86 0, "VME sti", {sti}
        V86 0x100000, "VME sti VIP", {sti}
        V86 0x80000, "VME pushf", {pushf}, {pop ax}
        V86 0, "VME popf", {push word 0x0202}, {popf}
        V86 0x100000, "VME popf VIP", {push word 0x0202}, {popf}
        V86 0, "VME popf TF", {push word 0x0102}, {popf}
        V86 0x80000, "VME pushfd", {pushfd}, {pop eax}
        V86 0, "VME int 21h", {int 0x21}, {nop}, {nop}, {nop}, {nop}, {nop}, {nop}, {mov eax, esp}
        V86 0, "VME iret", {push word 0x0202}, {push cs}, {push word 0x4008}, {iret}, {nop}, {nop}
        LINE "PVI"
        TRY 3, {cli}
        call show_flags
        mov dword [want_fl], 0x80002
        TRY 3, {cli}
        call show_flags
        mov dword [want_fl], 0x100002
        TRY 3, {sti}
        mov dword [want_fl], 2
        TRY 3, {sti}
        call show_flags
        TRY 3, {pushfd}, {pop eax}
        SHOW [r_eax], 8
        NL
        xor eax, eax
        mov cr4, eax
.no_vme:
        call tables
        ret

; --- debug registers, TF, RF, GD
%macro SHOW_DR6 0
        mov eax, dr6
        SHOW eax, 8
        mov eax, 0xFFFF0FF0
        mov dr6, eax
%endmacro
debugging:
        mov eax, 0xFFFF0FF0
        mov dr6, eax
        LINE "debug single step"
        mov dword [want_fl], 2
        TRY 0, {push dword 0x102}, {popfd}, {nop}, {nop}
        SHOW_DR6
        TRY 3, {push dword 0x102}, {popfd}, {nop}, {nop}
        SHOW_DR6
        TRY 0, {push dword 0x102}, {popfd}, {mov ax, ss}, {mov ss, ax}, {nop}, {nop}
        SHOW_DR6
        TRY 0, {push dword 0x102}, {mov ax, ss}, {popfd}, {mov ss, ax}, {nop}, {nop}
        SHOW_DR6
        TRY 3, {push dword 0x102}, {popfd}, {int 0x80}
        SHOW_DR6
        TRY 0, {push dword 0x102}, {popfd}, {ud2}
        SHOW_DR6
        NL
        LINE "debug ICEBP"
        TRY 0, {db 0xF1}
        SHOW_DR6
        NL
        LINE "debug data"
        mov eax, DATA
        mov dr0, eax
        mov eax, 0x000D0401             ; G0 off, L0, write, 4 bytes
        mov dr7, eax
        TRY 0, {mov [DATA], al}
        SHOW_DR6
        TRY 0, {mov al, [DATA]}
        SHOW_DR6
        TRY 0, {mov [DATA + 3], ax}
        SHOW_DR6
        TRY 0, {mov [DATA - 1], al}
        SHOW_DR6
        TRY 0, {mov [DATA - 1], ax}
        SHOW_DR6
        TRY 0, {push dword [DATA]}, {pop dword [DATA]}
        SHOW_DR6
        TRY 0, {mov edi, DATA - 8}, {mov ecx, 8}, {rep stosd}
        SHOW [r_ecx], 4
        SHOW_DR6
        mov eax, 0x000F0401             ; read or write
        mov dr7, eax
        TRY 0, {mov al, [DATA]}
        SHOW_DR6
        TRY 0, {mov al, [DATA + 4]}
        SHOW_DR6
        mov eax, 0x000F0400             ; not enabled
        mov dr7, eax
        TRY 0, {mov al, [DATA]}
        SHOW_DR6
        NL
        LINE "debug code"
        mov eax, 0x00000401
        mov dr7, eax
        mov eax, .spot
        mov dr0, eax
        TRY 0, {nop}, {call .spot}, {nop}
        SHOW_DR6
        xor eax, eax
        mov [v0], eax
        TRY 0, {pushfd}, {or dword [esp], 0x10000}, {push cs}, {push dword .spot2}, {call .spot}
        SHOW_DR6
        TRY 0, {push dword .over}, {push dword 0x10002}, {push cs}, {push dword .spot}, {iretd}, .over:
        SHOW_DR6
        xor eax, eax
        mov dr7, eax
        NL
        LINE "debug registers"
        mov eax, -1
        mov dr6, eax
        mov ecx, dr6
        SHOW ecx, 8
        xor eax, eax
        mov dr6, eax
        mov ecx, dr6
        SHOW ecx, 8
        mov eax, 0xFFFF0FF0
        mov dr6, eax
        mov eax, 0x0000D400
        mov dr7, eax
        mov ecx, dr7
        SHOW ecx, 8
        xor eax, eax
        mov dr7, eax
        mov ecx, dr7
        SHOW ecx, 8
        TRY 0, {mov eax, dr4}
        TRY 0, {mov eax, 0}, {mov dr5, eax}
        mov eax, cr4
        or eax, 8
        mov cr4, eax
        TRY 0, {mov eax, dr4}
        TRY 0, {mov dr5, eax}
        TRY 3, {mov eax, dr0}
        TRY 3, {mov dr7, eax}
        NL
        xor eax, eax
        mov cr4, eax
        LINE "debug GD"
        mov eax, 0x2400
        mov dr7, eax
        TRY 0, {mov eax, dr3}
        SHOW_DR6
        mov eax, dr7
        SHOW eax, 8
        xor eax, eax
        mov dr7, eax
        NL
        ret
.spot:  nop
        ret
.spot2: nop
        int 0x80

; --- how long an instruction may be; what is none
%macro lock_read 0
        db 0xF0
        mov eax, [DATA]
%endmacro
%macro lock_add 0
        db 0xF0
        add [DATA], eax
%endmacro
%macro lock_cmp 0
        db 0xF0
        cmp [DATA], eax
%endmacro
lengths:
        LINE "length"
        TRY 0, {times 14 db 0x2E}, {nop}
        TRY 0, {times 15 db 0x2E}, {nop}
        TRY 0, {times 14 db 0x66}, {nop}
        TRY 0, {times 15 db 0x66}, {nop}
        TRY 0, {times 11 db 0x3E}, {mov al, [esp]}
        TRY 0, {times 12 db 0x3E}, {mov al, [esp]}
        TRY 0, {times 13 db 0x3E}, {mov al, [esp]}
        TRY 3, {times 15 db 0x66}, {nop}
        TRY 0, {times 200 db 0x66}, {nop}
        NL
        LINE "undefined"
        TRY 0, {ud2}
        TRY 0, {db 0x0F, 0xFF, 0xC0}
        TRY 0, {db 0x0F, 0xB9, 0xC0}
        TRY 0, {db 0xFE, 0xD0}
        TRY 0, {db 0xFF, 0xF8}
        TRY 0, {db 0xC6, 0xC8, 0}
        TRY 0, {db 0x8E, 0xC8}
        TRY 0, {db 0x8C, 0xF0}
        TRY 0, {db 0x0F, 0x20, 0xC8}
        TRY 0, {db 0x0F, 0x0A}
        TRY 0, {db 0x0F, 0xAA}
        TRY 0, {db 0x0F, 0x24, 0xC0}
        TRY 0, {db 0x8D, 0xC0}
        TRY 0, {db 0xC5, 0xC0, 0, 0}
        TRY 0, {db 0x62, 0xC0, 0, 0}
        TRY 0, {db 0xF0, 0x90}
        TRY 0, {db 0xF0, 0x01, 0xC0}
        TRY 0, {lock_read}
        TRY 0, {lock_add}
        TRY 0, {lock_cmp}
        NL
        ret
        IMAGE_END
