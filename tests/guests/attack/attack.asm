; A firmware image that attacks the processor in one way, CASE, for ever or until the machine resets;
; says "go" on COM1 first. Stands on tests/system/lib.inc. The names are in tests/integration/attacks.py.
        %include "lib.inc"
        ENTRY
%ifndef CASE
%define CASE 0
%endif
bits 32
%macro GATE_TO 2                        ; vector, handler
        mov eax, %2
        mov [IDT + %1 * 8], ax
        shr eax, 16
        mov [IDT + %1 * 8 + 6], ax
%endmacro
main:   inc dword [marker + 4]          ; resets so far
        SAY "go"
        NL
        mov esi, DATA

%if CASE == 0                           ; INT3 storm: the handler of #BP is an INT3
        GATE_TO 3, .storm
.storm: mov esp, STK0
        int3
%elif CASE == 1                         ; ICEBP with TF: #DB upon #DB
        GATE_TO 1, .storm
.storm: mov esp, STK0
        push dword 0x102
        popfd
        db 0xF1
%elif CASE == 2                         ; the stack runs through the IDT and round 4 GiB
        GATE_TO 3, .deep
        xor esp, esp
.deep:  int3
%elif CASE == 3                         ; triple faults without end
        lidt [.none]
        ud2
.none:  dw 0
        dd 0
%elif CASE == 4                         ; #DF's gate leads to a task that does not exist
        mov dword [IDT + 64], BEYOND << 16
        mov dword [IDT + 68], 0x8500
        mov byte [IDT + 13 * 8 + 5], 0
        mov ax, BEYOND
        mov ds, ax
%elif CASE == 5                         ; the IDT is in the VGA's memory, then in the local APIC
        mov dword [marker], 'RST!'
        lidt [.vga]
        test byte [marker + 4], 1
        jz .go
        lidt [.apic]
.go:    int 0x20
        ud2
.vga:   dw 0x7FF
        dd 0xA0000
.apic:  dw 0x7FF
        dd 0xFEE00000
%elif CASE == 6                         ; the GDT goes round 4 GiB
        mov dword [marker], 'RST!'
        lgdt [.edge]
        mov ecx, 0xFFF8
.next:  mov ax, cx
        GATE_TO 13, .skip
        GATE_TO 11, .skip
        GATE_TO 12, .skip
        mov es, ax
        mov fs, ax
        lar eax, ecx
.skip:  mov esp, STK0
        sub ecx, 8
        jmp .next
.edge:  dw 0xFFFF
        dd 0xFFFFFFF8
%elif CASE == 7                         ; two tasks that switch to each other
        mov edi, TSS2
        mov ecx, 26
        xor eax, eax
        rep stosd
        mov dword [TSS2 + 0x20], .other
        mov dword [TSS2 + 0x24], 2
        mov dword [TSS2 + 0x38], STKT
        mov dword [TSS2 + 0x48], DS0
        mov dword [TSS2 + 0x4C], CS0
        mov dword [TSS2 + 0x50], DS0
        mov dword [TSS2 + 0x54], DS0
.this:  jmp TSS2SEL:0
        jmp .this
.other: jmp TSSSEL:0
        jmp .other
%elif CASE == 8                         ; every exception is a task switch, into a task that faults
        mov edi, IDT
        mov ecx, 32
.gates: mov dword [edi], TSS2SEL << 16
        mov dword [edi + 4], 0x8500
        add edi, 8
        loop .gates
        mov dword [TSS2 + 0x20], 0xFFFFFFFF
        mov dword [TSS2 + 0x4C], CS0
        mov dword [TSS2 + 0x50], DS0
        ud2
%elif CASE == 9                         ; a directory that is its own table; all of it written
        mov edi, TABLES
        mov eax, TABLES | 0x67
        mov ecx, 1024
        rep stosd
        mov dword [TABLES], 0x87
        mov eax, cr4
        or eax, 0x10
        mov cr4, eax
        mov eax, TABLES
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
.loop:  mov edi, 0x400000
        mov ecx, 0x100000
        lea eax, [edi + 0x67]
.write: mov [edi], eax
        add eax, 0x1000
        add edi, 4
        invlpg [edi]
        loop .write
        jmp .loop
%elif CASE == 10                        ; page tables in device memory and beyond RAM
        mov dword [marker], 'RST!'
        mov eax, [marker + 4]
        and eax, 3
        mov eax, [.where + eax * 4]
        mov cr3, eax
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp $
.where: dd 0xFEE00000, 0xA0000, 0xFFFFF000, 0x40000000
%elif CASE == 11                        ; 15 and 16 bytes
        GATE_TO 13, .long
        GATE_TO 6, .long
.long:  mov esp, STK0
        times 14 db 0x66
        nop
        times 15 db 0xF0
        nop
%elif CASE == 12                        ; a string move over its own code
.again: mov edi, DATA
        mov esi, .code
        mov ecx, .end - .code
        rep movsb
        mov esi, DATA + 0x1000
        mov edi, DATA
        mov ecx, 0x4000
        jmp DATA
.code:  times 32 nop
        rep movsb
        jmp $$ + ROM
.end:
%elif CASE == 13                        ; strings to the VGA, to nowhere, and round 4 GiB
.again: mov esi, 0xA0000
        mov edi, 0xA0001
        mov ecx, 0x20000
        rep movsb
        mov edi, 0xB8000
        mov ecx, 0x2000
        rep movsd
        mov edi, 0xC0000000
        or ecx, -1
        rep stosb
        jmp .again
%elif CASE == 14                        ; the FPU's image in devices
        mov eax, cr4
        or eax, 0x200
        mov cr4, eax
        mov dword [.n], 0
.again: mov ebx, [.where]
        fxsave [0xA0000]
        fxrstor [0xA0000]
        fxsave [0xFEE00000]
        fxsave [0xFEC00000]
        fxrstor [0xFEE00000]
        fnsave [0xFEC00001]
        frstor [0xFED00003]
        fninit
        jmp .again
.where  equ VARS
.n      equ VARS
%elif CASE == 15                        ; pushes and pops round the end of the address space
        GATE_TO 12, .again
.again: mov esp, 2
        pushad
        popad
        mov esp, 0xFFFFFFFE
        popad
        pushad
        mov esp, 1
        call $ + 5
        jmp .again
%elif CASE == 16                        ; code that changes itself over a page's edge, for ever
        mov edi, DATA + 0xFF0
        mov esi, .code
        mov ecx, .end - .code
        rep movsb
        mov ebx, DATA + 0xFF0
        jmp ebx
.code:  inc dword [ebx + 13]            ; the last byte of the next instruction's operand
        lock inc byte [ebx + 12]
        mov eax, 0x12345678
        xor [ebx + 17], al
        xor [ebx + 17], al
        jmp .code
.end:
%elif CASE == 17                        ; all processors halt with interrupts off
        mov dword [0xFEE000F0], 0x1FF
        mov dword [0xFEE00300], 0xC4500
        cli
        hlt
        jmp $ - 1
%elif CASE == 18                        ; INIT to all, itself too
        mov dword [marker], 'RST!'
        mov dword [0xFEE000F0], 0x1FF
        mov dword [0xFEE00300], 0x84500
        mov dword [0xFEE00300], 0x44500
        jmp $
%elif CASE == 19                        ; the others spin on PAUSE, one on a lock that nobody frees
        mov word [0x1000 - 0x1000 + 0x8000], 0x90F3
        mov word [0x8002], 0xFCEB
        mov dword [0xFEE000F0], 0x1FF
        mov dword [0xFEE00300], 0xC4500
        mov ecx, 100000
        loop $
        mov dword [0xFEE00300], 0xC4608
.spin:  lock inc dword [0x9000]
        jmp .spin
%elif CASE == 20                        ; interrupts to all from all, without EOI
        mov dword [0xFEE000F0], 0x1FF
        GATE_TO 0x40, .irq
        sti
.irq:   mov esp, STK0
        mov dword [0xFEE00300], 0x84040
        mov dword [0xFEE000B0], 0
        sti
        jmp .irq
%elif CASE == 21                        ; single steps through a handler that is stepped itself
        mov dword [IDT + 8], (CS0 << 16) | (.step - $$)
        mov dword [IDT + 12], 0xF8F00
.again: push dword 0x102
        popfd
        nop
        jmp .again
.step:  or dword [esp + 8], 0x100
        iretd
%elif CASE == 22                        ; real mode: code runs round the end of its segment
        mov ax, DS16
        mov ss, ax
        jmp CS16:.small - ROM
bits 16
.small: mov eax, cr0
        and al, 0xFE
        mov cr0, eax
        jmp 0x2000:0xFFF0
bits 32
%elif CASE == 23                        ; A20 off and on under running code
        mov al, 0
        mov edi, 0x8000
        mov word [edi], 0x92E4          ; IN AL, 92h
        mov dword [edi + 2], 0x92E60234 ; XOR AL, 2; OUT 92h, AL
        mov word [edi + 6], 0xF8EB
        mov esi, edi
        mov edi, 0x108000
        mov ecx, 8
        rep movsb
        mov eax, 0x108000
        jmp eax
%elif CASE == 24                        ; the end of the address space: EIP goes round 4 GiB
        mov byte [0], 0xEB
        mov byte [1], 0xFE
        mov eax, 0xFFFFFFF0
        push eax
        mov word [0xFFFFFFFE], 0x9090
        mov eax, 0xFFFFFFFF
        jmp eax
%elif CASE == 25                        ; random instructions in ring 0, an exception starts the next
        mov dword [marker], 'RST!'
        cmp dword [marker + 8], 0
        jne .go
        mov dword [marker + 8], 0x2545F491
.go:    mov edi, IDT
        mov ebx, .next
        mov ecx, 256
.gate:  mov [edi], bx
        mov eax, ebx
        shr eax, 16
        mov [edi + 6], ax
        mov word [edi + 2], CS0
        mov word [edi + 4], 0x8E00
        add edi, 8
        loop .gate
        mov al, 0x34                    ; the timer ends what does not end
        out 0x43, al
        mov al, 0
        out 0x40, al
        mov al, 0x20
        out 0x40, al
        mov al, 0x11
        out 0x20, al
        mov al, 0x40
        out 0x21, al
        mov al, 4
        out 0x21, al
        mov al, 1
        out 0x21, al
        mov al, 0xFE
        out 0x21, al
.next:  lgdt [cs:gdtr]
        mov ax, DS0
        mov ss, ax
        mov esp, STK0
        mov ds, ax
        mov es, ax
        lidt [idtr]
        mov al, 0x20
        out 0x20, al
        mov eax, [marker + 8]
        mov edi, DATA
        mov ecx, 16
.fill:  mov edx, eax
        shl edx, 13
        xor eax, edx
        mov edx, eax
        shr edx, 17
        xor eax, edx
        mov edx, eax
        shl edx, 5
        xor eax, edx
        stosd
        loop .fill
        mov [marker + 8], eax
        mov byte [edi], 0xCC
        push dword 0x202
        popfd
        jmp DATA
%else                                   ; long mode: 2^64 bytes to nowhere, RSP round 0
        mov edi, TABLES
        xor eax, eax
        mov ecx, 0x2000 / 4
        rep stosd
        mov dword [TABLES], (TABLES + 0x1000) | 7
        mov dword [TABLES + 0x1000], 0x87
        mov dword [TABLES + 0x1008], 0x40000087
        mov eax, cr4
        or eax, 0x20
        mov cr4, eax
        mov eax, TABLES
        mov cr3, eax
        mov ecx, 0xC0000080
        rdmsr
        or eax, 0x100
        wrmsr
        mov eax, cr0
        or eax, 0x80000000
        mov cr0, eax
        jmp CS64:.wide
bits 64
.wide:  mov ebx, .back64
        mov [IDT + 14 * 16], bx
        mov word [IDT + 14 * 16 + 2], CS64
        mov word [IDT + 14 * 16 + 4], 0x8E00
        shr ebx, 16
        mov [IDT + 14 * 16 + 6], ebx
        mov dword [IDT + 14 * 16 + 8], 0
        lidt [.idt]
.back64:
        mov esp, STK0
        mov edi, 0x40000000
        or rcx, -1
        rep stosb
        mov esp, 4
        push rax
        jmp .back64
.idt:   dw 0xFFF
        dq IDT
bits 32
%endif
        IMAGE_END
