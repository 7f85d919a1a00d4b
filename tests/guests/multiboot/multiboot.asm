; A multiboot guest of a few hundred bytes: says on COM1 what the loader gave it, then turns the
; machine off. Source: Multiboot Specification 0.6.96.
;
;   multiboot ok | bad magic
;   cmdline TEXT
;   lower HEX upper HEX          mem_lower, mem_upper (KiB)
;   mmap HEX                     bytes of usable RAM in the memory map
;   module HEX TEXT              size and string of each module
;   bye
bits 32
section .text align=16

MAGIC equ 1BADB002h
FLAGS equ 3                             ; modules on pages, memory information
        dd MAGIC, FLAGS, -(MAGIC + FLAGS)

COM1 equ 3F8h
global start
start:
        mov esp, stack_top
        mov esi, ok
        cmp eax, 2BADB002h
        je .magic
        mov esi, bad
.magic: call puts

        mov esi, cmdline
        call puts
        test dword [ebx], 4
        jz .no_cmdline
        mov esi, [ebx + 16]
        call puts
.no_cmdline:
        mov esi, lower
        call puts
        mov eax, [ebx + 4]
        call hex
        mov esi, upper
        call puts
        mov eax, [ebx + 8]
        call hex

        mov esi, mmap
        call puts
        xor eax, eax                    ; sum of the low halves: fine below 4 GiB
        test dword [ebx], 40h
        jz .mmap_done
        mov edi, [ebx + 48]
        mov ecx, [ebx + 44]
        add ecx, edi
.entry: cmp edi, ecx
        jae .mmap_done
        cmp dword [edi + 20], 1
        jne .next
        add eax, [edi + 12]
.next:  add edi, [edi]
        add edi, 4
        jmp .entry
.mmap_done:
        call hex

        test dword [ebx], 8
        jz .modules_done
        mov ebp, [ebx + 20]
        mov edi, [ebx + 24]
.module:
        test ebp, ebp
        jz .modules_done
        mov esi, module
        call puts
        mov eax, [edi + 4]
        sub eax, [edi]
        call hex
        mov al, ' '
        call putc
        mov esi, [edi + 8]
        test esi, esi
        jz .unnamed
        call puts
.unnamed:
        add edi, 16
        dec ebp
        jmp .module
.modules_done:
        mov esi, bye
        call puts
        mov dx, COM1 + 5                ; until the transmitter is empty
.drain: in al, dx
        test al, 40h
        jz .drain
        mov dx, 604h                    ; PIIX4 PM1_CNT where SeaBIOS puts it: SLP_EN, S5
        mov ax, 2000h
        out dx, ax
.stop:  cli
        hlt
        jmp .stop

puts:   lodsb                           ; esi: text ending in 0
        test al, al
        jz .done
        call putc
        jmp puts
.done:  ret

putc:   push edx
        push eax
        mov dx, COM1 + 5
.wait:  in al, dx
        test al, 20h
        jz .wait
        pop eax
        mov dx, COM1
        out dx, al
        pop edx
        ret

hex:    push ecx                        ; eax as eight digits
        mov ecx, 8
.digit: rol eax, 4
        push eax
        and al, 15
        cmp al, 10
        sbb al, 69h
        das
        call putc
        pop eax
        loop .digit
        pop ecx
        ret

section .data
ok      db 'multiboot ok', 0
bad     db 'multiboot bad magic', 0
cmdline db 13, 10, 'cmdline ', 0
lower   db 13, 10, 'lower ', 0
upper   db ' upper ', 0
mmap    db 13, 10, 'mmap ', 0
module  db 13, 10, 'module ', 0
bye     db 13, 10, 'bye', 13, 10, 0
section .bss
        resb 4096
stack_top:
