; models: 486 pentium pentium2 pentium3
; What a processor says that it is, and what comes of what it does not have: instructions, bits of CR4, MSRs.
; All that is not tried is 386's.
        %include "lib.inc"
        ENTRY
bits 32
main:   call identity
        call cr4_bits
        call integer
        call floating
        call system
        call vectors
        call later
        call msrs
        jmp finish

; Which bits of EFLAGS can be changed; what CPUID says.
%macro CPUID_LINE 1
%defstr NAME %1
        LINE {"CPUID ", NAME}
        mov eax, 0x%1
        xor ecx, ecx
        cpuid
        SHOW eax, 8
        SHOW ebx, 8
        SHOW ecx, 8
        SHOW edx, 8
        NL
%endmacro
identity:
        LINE "EFLAGS"                   ; AC of the 486, ID, and NT, IOPL of the 286; TF, IF, VM left alone
        push dword 0xFFE47CFF
        popfd
        pushfd
        pop eax
        push dword 2
        popfd
        SHOW eax, 8
        NL
        CPUID_LINE 0
        CPUID_LINE 1
        CPUID_LINE 80000000
        ret

; Each bit by itself: those that are taken, and those that are #GP.
cr4_bits:
        mov eax, 0x40000000
        cpuid
        mov esi, 0x600
        cmp ebx, 'TCGT'                 ; it takes what it does not have, and is lost
        je .enable
        xor esi, esi
        xor edi, edi
        mov ebp, 1
.bit:   BEGIN_TRY 0                     ; PAE needs no tables as long as nothing is paged
        mov cr4, ebp
        END_TRY
        cmp dword [r_vec], 0x0D
        jne .taken
        or edi, ebp
        jmp .next
.taken: mov eax, cr4
        or esi, eax
.next:  xor eax, eax
        mov cr4, eax
        shl ebp, 1
        jnz .bit
        LINE "CR4"
        SHOW esi, 8
        SHOW edi, 8
        NL
.enable:
        mov eax, 0x600                  ; OSFXSR, OSXMMEXCPT
        and eax, esi
        mov cr4, eax
        ret

; One instruction, a line.
%macro ONE 2-*
        LINE %1
%rep %0 - 1
%rotate 1
        TRY 0, {%1}
%endrep
        NL
%endmacro

integer:
        mov dword [DATA], 0x01234567
        mov dword [DATA + 4], 0x89ABCDEF
        LINE "486"
        mov eax, 0x80000001
        mov ecx, 0xFFFFFFFF
        TRY 0, {xadd ecx, eax}
        SHOW [r_eax], 8
        SHOW [r_ecx], 8
        call show_flags
        mov eax, 0x01234567
        mov ecx, 0x55AA55AA
        TRY 0, {cmpxchg [DATA], ecx}
        SHOW [DATA], 8
        TRY 0, {cmpxchg [DATA], ecx}
        SHOW [r_eax], 8
        call show_flags
        TRY 0, {bswap eax}
        SHOW [r_eax], 8
        TRY 0, {invlpg [DATA]}
        TRY 0, {wbinvd}
        TRY 0, {invd}
        TRY 3, {wbinvd}
        TRY 3, {invlpg [DATA]}
        TRY 0, {db 0x0F, 0x01, 0xF8}    ; INVLPG EAX
        TRY 0, {mov dword [DATA], 1}, {push dword 0x40002}, {popfd}, {mov eax, [DATA + 1]}
        NL
        LINE "alignment"                ; CR0.AM, ring 3
        mov eax, cr0
        or eax, 0x40000
        mov cr0, eax
        mov dword [want_fl], 0x40002
        TRY 3, {mov eax, [DATA + 1]}
        TRY 3, {mov ax, [DATA + 1]}
        TRY 3, {mov al, [DATA + 1]}
        TRY 3, {fld qword [DATA + 4]}
        TRY 0, {mov eax, [DATA + 1]}
        mov dword [want_fl], 2
        mov eax, cr0
        and eax, ~0x40000
        mov cr0, eax
        NL
        mov dword [DATA], 1
        mov dword [DATA + 4], 2
        LINE "CMPXCHG8B"
        mov eax, 1
        mov edx, 2
        mov ebx, 3
        mov ecx, 4
        TRY 0, {cmpxchg8b [DATA]}
        SHOW [DATA], 8
        SHOW [DATA + 4], 8
        NL
        LINE "CMOV"
        mov ecx, 7
        TRY 0, {xor eax, eax}, {cmovz eax, ecx}
        SHOW [r_eax], 8
        TRY 0, {xor eax, eax}, {cmovnz eax, [DATA]}
        NL
        ONE "NOP", {db 0x0F, 0x1F, 0xC0}, {db 0x0F, 0x19, 0xC0}, {db 0xF3, 0x90}
        ONE "UD2", {ud2}, {db 0x0F, 0xB9, 0xC0}, {db 0x0F, 0xFF, 0xC0}
        ret

floating:
        LINE "FPU"
        fninit
        fnstenv [DATA]
        SHOW [DATA], 4
        SHOW [DATA + 4], 4
        SHOW [DATA + 8], 4
        fldz
        mov word [DATA], 0x037B         ; ZM clear
        fldcw [DATA]
        TRY 0, {fld1}, {fdivrp st1, st0}, {nop}, {fld1}
        fnstsw ax
        SHOW eax, 4
        TRY 0, {fwait}
        fnclex
        fninit
        NL
        ONE "FCMOV", {fld1}, {fcmove st0, st0}
        ONE "FCOMI", {fld1}, {fcomi st0, st0}, {fucomip st0, st0}
        ONE "FISTTP", {fld1}, {fisttp dword [DATA]}
        fninit
        ret

system: LINE "RDTSC"
        TRY 0, {rdtsc}
        TRY 3, {rdtsc}
        mov eax, cr4
        or eax, 4                       ; TSD
        TRY 0, {mov cr4, eax}
        TRY 3, {rdtsc}
        mov eax, cr4
        and eax, ~4
        mov cr4, eax
        NL
        LINE "RDPMC"
        or ecx, -1                      ; no such counter
        TRY 0, {rdpmc}
        NL
        ONE "RSM", {rsm}
        ONE "SYSENTER", {sysexit}, {sysenter}   ; SYSEXIT by ring 0, all MSRs 0
        ONE "SYSCALL", {db 0x0F, 0x05}, {db 0x0F, 0x07}
        ret

vectors:
        ONE "MMX", {movq mm0, [DATA]}, {paddb mm0, mm1}, {movd eax, mm0}, {emms}
        ONE "FXSAVE", {fxsave [DATA]}, {fxrstor [DATA]}
        ONE "SSE", {movaps xmm0, [DATA]}, {addps xmm0, xmm1}, {ldmxcsr [rom_mxcsr]}, {cvtsi2ss xmm0, eax}, {movss xmm1, xmm0}
        ONE "SSE on MMX", {pavgb mm0, mm1}, {pshufw mm0, mm1, 3}, {pmaxub mm0, mm1}, {pmovmskb eax, mm0}, {movntq [DATA], mm0}
        ONE "PREFETCH", {prefetcht0 [DATA]}, {prefetchnta [DATA]}
        ONE "SFENCE", {sfence}
        ret
rom_mxcsr:
        dd 0x1F80

; What came after all of them.
later:  ONE "SSE2", {movapd xmm0, xmm1}, {paddb xmm0, xmm1}, {addsd xmm0, xmm1}, {movdqa xmm0, [DATA]}, {paddq mm0, mm1}
        ONE "LFENCE", {lfence}, {mfence}
        ONE "CLFLUSH", {clflush [DATA]}
        ONE "SSE3", {haddps xmm0, xmm1}, {movsldup xmm0, xmm1}, {lddqu xmm0, [DATA]}
        ONE "SSSE3", {pshufb mm0, mm1}, {pabsb xmm0, xmm1}
        ONE "SSE4", {pminsb xmm0, xmm1}, {pcmpgtq xmm0, xmm1}, {roundps xmm0, xmm1, 0}
        ONE "CRC32", {crc32 eax, ecx}
        LINE "POPCNT"
        TRY 0, {popcnt eax, ecx}
        NL
        LINE "LZCNT, TZCNT"             ; BSR and BSF with a prefix
        mov ecx, 0x00F0
        TRY 0, {lzcnt eax, ecx}
        SHOW [r_eax], 4
        TRY 0, {tzcnt eax, ecx}
        SHOW [r_eax], 4
        NL
        ONE "MOVBE", {movbe eax, [DATA]}
        ONE "MONITOR", {monitor}, {mwait}
        ONE "RDTSCP", {rdtscp}
        ONE "RDRAND", {rdrand eax}, {rdseed eax}
        ONE "XSAVE", {xgetbv}, {xsave [DATA]}
        ONE "VEX", {vaddps xmm0, xmm1, xmm2}, {andn eax, ecx, edx}, {vzeroupper}
        ONE "AES", {aesenc xmm0, xmm1}, {pclmulqdq xmm0, xmm1, 0}
        ONE "SHA", {db 0x0F, 0x38, 0xC8, 0xC1}
        ONE "ADX", {db 0x66, 0x0F, 0x38, 0xF6, 0xC1}
        ONE "INVPCID", {invpcid eax, [DATA]}
        ONE "STAC", {db 0x0F, 0x01, 0xCB}
        ONE "3DNow", {db 0x0F, 0x0F, 0xC1, 0x9E}, {db 0x0F, 0x0E}
        ONE "PREFETCHW", {prefetchw [DATA]}
        ret

%macro MSR 1-*
%rep %0
%defstr NAME %1
        LINE {"MSR ", NAME}
        mov ecx, 0x%1
        TRY 0, {rdmsr}
        TRY 3, {rdmsr}
        NL
%rotate 1
%endrep
%endmacro
msrs:   MSR 0, 10, 1B, 8B, FE, 174, 179, 1A0, 1D9, 200, 277, 2FF, 600, 1000, C0000080, C0000100, C0000103
        LINE "WRMSR"
        mov ecx, 0x10
        xor eax, eax
        xor edx, edx
        TRY 0, {wrmsr}
        TRY 3, {wrmsr}
        NL
        ret
        IMAGE_END
