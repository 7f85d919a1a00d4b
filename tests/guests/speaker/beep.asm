; A boot sector that sounds 1 kHz for twenty ticks of the system timer (1.1 s), then ends the run.
        bits 16
        org 0x7c00
        mov     al, 0xb6                ; counter 2, both bytes, square wave
        out     0x43, al
        mov     ax, 1193
        out     0x42, al
        mov     al, ah
        out     0x42, al
        in      al, 0x61
        or      al, 3                   ; gate and speaker on
        out     0x61, al
        mov     cx, 20
.wait:  hlt
        loop    .wait
        in      al, 0x61
        and     al, 0xfc
        out     0x61, al
        mov     dx, 0x501               ; isa-debug-exit
        out     dx, al
        times 510 - ($ - $$) db 0
        dw      0xaa55
