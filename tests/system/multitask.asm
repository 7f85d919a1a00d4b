; models: 486 pentium
; A small kernel with what a 386 and a 486 have for one: tasks that the timer switches through their TSSs, each
; with an address space of its own whose pages come when they are touched, an FPU that changes hands by #NM, a
; service behind a task gate, and a program in v8086 mode under a monitor. Each task computes a sum, which is
; the same whenever it is interrupted.
        %include "lib.inc"
        ENTRY

; --- memory, beyond lib.inc's
COUNT   equ 6                   ; tasks 1 to 5; 6 is the service, 0 the kernel itself (lib.inc's TSS)
SERVICE equ 6
TASKS   equ 0x10000             ; a TSS each, 100h apart
STACKS  equ 0x11000             ; of ring 0, 400h each
FPUS    equ 0x13000             ; images of FNSAVE, 80h apart
finished equ 0x13800            ; a double word for each task, as all that follow
results equ 0x13840
logged  equ 0x13880
logs    equ 0x138C0
zeros   equ 0x13900             ; pages that were read first
copies  equ 0x13940             ; pages that were written
current equ 0x13980
owner   equ 0x13984             ; of the FPU
switches equ 0x13988
handed  equ 0x1398C             ; how often the FPU was
frame   equ 0x13990             ; the next that is free
target  equ 0x13994             ; offset and selector to jump to
vif     equ 0x139A0             ; of the v8086 program
said    equ 0x139A4
served  equ 0x139A8
inputs  equ 0x139AC
SHARED  equ TABLES + 0xE000     ; the first 4 MiB, in every address space
ZERO    equ TABLES + 0xF000     ; a page of zeros
OWN     equ 0x400000            ; where each task has memory of its own
SELECT  equ 0xE0                ; of a task's TSS: + 8 times its number
V86SEG  equ DATA / 16

; --- entering and leaving the kernel
%macro ENTER_KERNEL 0
        push ds
        push es
        pushad
        mov ax, DS0
        mov ds, ax
        mov es, ax
        cld
%endmacro
%macro LEAVE_KERNEL 1           ; bytes of error code
        popad
        pop es
        pop ds
%if %1
        add esp, %1
%endif
        iretd
%endmacro
struc gp                        ; what ENTER_KERNEL leaves above an error code
.regs:  resd 7
.eax:   resd 1
.es:    resd 1
.ds:    resd 1
.error: resd 1
.eip:   resd 1
.cs:    resd 1
.flags: resd 1
.esp:   resd 1
.ss:    resd 1
endstruc
%macro VECTOR 3                 ; vector, handler, access byte
        mov dword [IDT + %1 * 8], CS0 << 16 | (%2 - $$)
        mov dword [IDT + %1 * 8 + 4], ROM | %3 << 8
%endmacro

bits 32
main:   mov eax, 1
        cpuid
        test dh, 2                      ; an APIC: virtual wire mode
        jz .no_apic
        mov dword [0xFEE000F0], 0x1FF
        mov dword [0xFEE00350], 0x700
.no_apic:
        call address_spaces
        call make_tasks
        VECTOR 7, no_fpu, 0x8E
        VECTOR 13, monitor, 0x8E
        VECTOR 14, page_fault, 0x8E
        VECTOR 0x20, tick, 0x8E
        VECTOR 0x60, finished_call, 0xEE
        mov dword [IDT + 0x61 * 8], (SELECT + SERVICE * 8) << 16
        mov dword [IDT + 0x61 * 8 + 4], 0xE500
        mov eax, TABLES
        mov [TSS + 0x1C], eax           ; a switch loads CR3 and does not store it
        mov cr3, eax
        mov eax, cr0
        or eax, 0x8001000A              ; PG, WP and so on: TS, MP
        or eax, 0x10000
        mov cr0, eax
        call timer
        call schedule                   ; comes back when all have finished
        mov al, 0xFF
        out 0x21, al
        mov eax, cr0
        and eax, 0x7FFFFFF5
        mov cr0, eax
        call report
        jmp finish

; An address space each, at TABLES + 2000h times the number: directory, and the table of its own 4 MiB.
address_spaces:
        mov edi, TABLES
        mov ecx, 0x10000 / 4
        xor eax, eax
        rep stosd
        mov edi, TASKS
        mov ecx, 0x4000 / 4
        rep stosd
        mov dword [owner], -1
        mov dword [frame], FRAMES
        mov edi, SHARED
        mov eax, 3
        mov ecx, 1024
.page:  stosd
        add eax, 0x1000
        loop .page
        or byte [SHARED], 4             ; v8086 programs have page 0 and DATA, all read the ROM
        mov ecx, 8
.data:  or byte [SHARED + DATA / 1024 + ecx * 4 - 4], 4
        loop .data
        mov ecx, 16
.rom:   xor byte [SHARED + ROM / 1024 + ecx * 4 - 4], 6
        loop .rom
        mov ebx, TABLES
        mov ecx, COUNT + 1
.space: mov dword [ebx], SHARED | 7
        lea eax, [ebx + 0x1007]
        mov [ebx + 4], eax
        add ebx, 0x2000
        loop .space
        ret

; TASK number, start, stack, code, data, flags
%macro TASK 6
        mov ebx, TASKS + %1 * 0x100
        mov dword [ebx + 4], STACKS + %1 * 0x400 + 0x400
        mov word [ebx + 8], DS0
        mov dword [ebx + 0x1C], TABLES + %1 * 0x2000
        mov dword [ebx + 0x20], %2
        mov dword [ebx + 0x24], %6
        mov dword [ebx + 0x38], %3
        mov word [ebx + 0x4C], %4
        mov word [ebx + 0x48], %5
        mov word [ebx + 0x50], %5
        mov word [ebx + 0x54], %5
        mov word [ebx + 0x66], 0x68     ; beyond the limit: no ports
        mov dword [GDT + SELECT + %1 * 8], (TASKS + %1 * 0x100) << 16 & 0xFFFFFFFF | 0x67
        mov dword [GDT + SELECT + %1 * 8 + 4], 0x8900 | TASKS >> 16
%endmacro
make_tasks:
        TASK 1, integers, OWN + 0x10000, CS3, DS3, 0x202
        TASK 2, pages, OWN + 0x100000, CS3, DS3, 0x202
        TASK 3, roots, OWN + 0x10000, CS3, DS3, 0x202
        TASK 4, decimals, OWN + 0x10000, CS3, DS3, 0x202
        TASK 5, 0, 0x7000, V86SEG, V86SEG, 0x20202
        TASK SERVICE, service, STACKS + SERVICE * 0x400 + 0x200, CS0, DS0, 2
        mov esi, v86_program
        mov edi, DATA
        mov ecx, v86_end - v86_program
        rep movsb
        mov dword [0x1C * 4], V86SEG << 16 | (v86_tick - v86_program)
        mov edi, FPUS
        mov ecx, COUNT + 1
.image: fninit
        fnsave [edi]
        add edi, 0x80
        loop .image
        ret

timer:  mov al, 0x11                    ; the 8259s: vectors 20h and 28h, only IRQ 0
        out 0x20, al
        out 0xA0, al
        mov al, 0x20
        out 0x21, al
        mov al, 0x28
        out 0xA1, al
        mov al, 4
        out 0x21, al
        mov al, 2
        out 0xA1, al
        mov al, 1
        out 0x21, al
        out 0xA1, al
        mov al, 0xFE
        out 0x21, al
        mov al, 0xFF
        out 0xA1, al
        mov al, 0x34                    ; 10 kHz
        out 0x43, al
        mov al, 119
        out 0x40, al
        mov al, 0
        out 0x40, al
        ret

; To the next task that has not finished, or to the kernel's own; interrupts are off.
schedule:
        mov eax, [current]
        mov ecx, COUNT - 1
.next:  inc eax
        cmp eax, COUNT - 1
        jbe .real
        mov eax, 1
.real:  cmp dword [finished + eax * 4], 0
        je .found
        loop .next
        xor eax, eax
        mov word [target + 4], TSSSEL
        jmp .switch
.found: cmp eax, [current]
        je .end
        lea ecx, [SELECT + eax * 8]
        mov [target + 4], cx
.switch:
        mov [current], eax
        inc dword [switches]
        jmp far [target]
.end:   ret

tick:   ENTER_KERNEL
        mov al, 0x20
        out 0x20, al
        call schedule
        LEAVE_KERNEL 0

finished_call:                          ; EAX: what came out
        ENTER_KERNEL
        mov eax, [esp + gp.eax]
end_task:
        mov ebx, [current]
        mov [results + ebx * 4], eax
        mov dword [finished + ebx * 4], 1
        call schedule                   ; and never back
        jmp lost

; #NM: the registers change hands, if they are another task's.
no_fpu: ENTER_KERNEL
        clts
        mov eax, [current]
        mov ebx, [owner]
        cmp eax, ebx
        je .same
        test ebx, ebx
        js .none
        shl ebx, 7
        fnsave [FPUS + ebx]
.none:  mov [owner], eax
        shl eax, 7
        frstor [FPUS + eax]
        inc dword [handed]
.same:  LEAVE_KERNEL 0

; #PF: what was never written is the page of zeros, read-only; what is written becomes a page of its own.
page_fault:
        ENTER_KERNEL
        mov eax, cr2
        mov ebx, eax
        shr ebx, 22
        cmp ebx, 1
        jne lost
        mov ebx, eax
        shr ebx, 12
        and ebx, 0x3FF
        mov edx, cr3
        lea ebx, [edx + ebx * 4 + 0x1000]       ; the entry
        mov ecx, [current]
        test byte [esp + gp.error], 2
        jnz .write
        mov dword [ebx], ZERO | 5
        inc dword [zeros + ecx * 4]
        jmp .end
.write: inc dword [copies + ecx * 4]
        mov edx, [frame]
        cmp edx, 0xA0000
        jae lost
        add dword [frame], 0x1000
        mov edi, edx
        or edx, 7
        mov [ebx], edx
        mov esi, ZERO
        mov ecx, 1024
        rep movsd
        invlpg [eax]
.end:   LEAVE_KERNEL 4

; The task behind the gate of INT 61h: EAX of whoever called is in the TSS that the link names.
service:
        mov ebx, [TASKS + SERVICE * 0x100]
        and ebx, 0xFFFF
        sub ebx, SELECT
        shr ebx, 1                      ; 4 times its number
        mov eax, ebx
        shl eax, 6
        mov eax, [TASKS + eax + 0x28]
        mov ecx, [logged + ebx]
        rol ecx, 3
        xor ecx, eax
        mov [logged + ebx], ecx
        inc dword [logs + ebx]
        iretd                           ; NT: back to the caller; here again next time
        jmp service

; #GP: the monitor of the v8086 program.
monitor:
        ENTER_KERNEL
        test dword [esp + gp.flags], 0x20000
        jz lost
        mov ebp, esp
        movzx esi, word [ebp + gp.cs]
        shl esi, 4
        add esi, [ebp + gp.eip]
        movzx edi, word [ebp + gp.ss]
        shl edi, 4                      ; EDI: where its stack segment is
        lodsb
        inc word [ebp + gp.eip]
        cmp al, 0xFA
        je .cli
        cmp al, 0xFB
        je .sti
        cmp al, 0x9C
        je .pushf
        cmp al, 0x9D
        je .popf
        cmp al, 0xCD
        je .int
        cmp al, 0xCF
        je .iret
        cmp al, 0xE4
        je .in
        cmp al, 0xF4
        je .hlt
        jmp lost
.cli:   mov dword [vif], 0
        jmp .end
.sti:   mov dword [vif], 0x200
        jmp .end
.pushf: call .flags
        call .push
        jmp .end
.popf:  call .pop
        call .set
        jmp .end
.iret:  call .pop
        mov [ebp + gp.eip], eax
        call .pop
        mov [ebp + gp.cs], ax
        call .pop
        call .set
        jmp .end
.in:    inc word [ebp + gp.eip]
        lodsb
        add al, [inputs]
        inc dword [inputs]
        mov [ebp + gp.eax], al
        jmp .end
.hlt:   call schedule
        jmp .end
.int:   inc word [ebp + gp.eip]
        lodsb
        movzx ebx, al
        cmp al, 0x20
        je .exit
        cmp al, 0x21
        je .say
        call .flags                     ; any other goes to its own handler
        call .push
        mov ax, [ebp + gp.cs]
        call .push
        mov ax, [ebp + gp.eip]
        call .push
        mov dword [vif], 0
        movzx eax, word [ebx * 4]
        mov [ebp + gp.eip], eax
        mov ax, [ebx * 4 + 2]
        mov [ebp + gp.cs], ax
        jmp .end
.say:   mov eax, [said]
        rol eax, 5
        xor al, [ebp + gp.regs + 20]    ; DL
        mov [said], eax
        inc dword [served]
.end:   LEAVE_KERNEL 4
.exit:  mov eax, [ebp + gp.eax]
        jmp end_task
.push:  sub word [ebp + gp.esp], 2
        movzx edx, word [ebp + gp.esp]
        mov [edi + edx], ax
        ret
.pop:   movzx edx, word [ebp + gp.esp]
        add word [ebp + gp.esp], 2
        movzx eax, word [edi + edx]
        ret
.flags: mov eax, [ebp + gp.flags]
        and eax, 0xCD5
        or eax, [vif]
        ret
.set:   mov edx, eax
        and edx, 0x200
        mov [vif], edx
        and eax, 0xCD5
        and dword [ebp + gp.flags], ~0xCD5
        or [ebp + gp.flags], eax
        ret

; What no task of ours does.
lost:   mov ax, DS0
        mov ss, ax
        mov esp, STK0
        mov eax, cr2
        LINE "lost"
        SHOW [current], 2
        SHOW eax, 8
        NL
        jmp finish

%macro SUM_OF 2
        LINE %2
        SHOW [results + %1 * 4], 8
        SHOW [logged + %1 * 4], 8
        SHOW [logs + %1 * 4], 4
        SHOW [zeros + %1 * 4], 4
        SHOW [copies + %1 * 4], 4
        NL
%endmacro
%macro AT_LEAST 3                       ; name, count, how often
        LINE %1
        cmp dword [%2], %3
        jb %%few
        SAY " often"
        jmp %%end
%%few:  SHOW [%2], 4
%%end:  NL
%endmacro
report: SUM_OF 1, "integers"
        SUM_OF 2, "pages"
        SUM_OF 3, "roots"
        SUM_OF 4, "decimals"
        SUM_OF 5, "v8086"
        LINE "v8086 said"
        SHOW [said], 8
        SHOW [served], 4
        SHOW [inputs], 4
        NL
        AT_LEAST "tasks switched", switches, 40
        AT_LEAST "FPU handed over", handed, 10
        ret

        %include "multitask.inc"
        IMAGE_END
