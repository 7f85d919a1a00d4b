# Option ROM that starts a kernel in the way of the Multiboot specification 0.6.96.
#
# The host has parsed the kernel: item KERNEL is its memory image, SETUP the module if there is one,
# INITRD the information structure with its strings, complete but for the memory map, which only
# the firmware knows; that goes behind it. The kernel is entered in flat 32-bit protected mode with
# EAX = 2BADB002h and EBX = the information structure.

.include "fw_cfg.inc"

.set MBI_FLAGS, 0
.set MBI_MEM_LOWER, 4
.set MBI_MEM_UPPER, 8
.set MBI_MMAP_LENGTH, 44
.set MBI_MMAP_ADDR, 48
.set MBI_HAS_MEMORY, 0x41               # mem_lower and mem_upper; the map

	.code16
	.text
	rom_header
product:
	.asciz	"Multiboot"

boot:
	cld
	load_item INITRD

	movw	$FW_INITRD_ADDR, %ax
	call	read_number
	movl	%eax, %esi              # the structure: a multiple of 16 below 640 KiB
	shrl	$4, %eax
	movw	%ax, %es
	movw	$FW_INITRD_SIZE, %ax
	call	read_number
	addw	$3, %ax
	andw	$0xfffc, %ax
	movw	%ax, %bp                # es:bp: the map's next entry
	movzwl	%ax, %eax
	addl	%esi, %eax
	movl	%eax, %es:MBI_MMAP_ADDR
	orl	$MBI_HAS_MEMORY, %es:MBI_FLAGS
	movl	$0, %es:MBI_MMAP_LENGTH
	movl	$0, %es:MBI_MEM_UPPER
	int	$0x12
	movzwl	%ax, %eax
	movl	%eax, %es:MBI_MEM_LOWER

	xorl	%ebx, %ebx
next_range:
	leaw	4(%bp), %di
	movl	$0xe820, %eax
	movl	$0x534d4150, %edx       # "SMAP"
	movl	$20, %ecx
	pushl	%esi
	pushw	%bp
	int	$0x15
	popw	%bp
	popl	%esi
	jc	map_done
	movl	$20, %es:(%bp)          # the entry's size, without this field
	cmpl	$1, %es:20(%bp)         # RAM
	jne	1f
	cmpl	$0x100000, %es:4(%bp)   # at 1 MiB
	jne	1f
	cmpl	$0, %es:8(%bp)
	jne	1f
	movl	%es:12(%bp), %eax
	shrl	$10, %eax
	movl	%eax, %es:MBI_MEM_UPPER
1:	addw	$24, %bp
	addl	$24, %es:MBI_MMAP_LENGTH
	testl	%ebx, %ebx
	jnz	next_range
map_done:
	# From here on no firmware is called: the kernel's image may lie over it.
	cli
	pushl	%esi
	load_item SETUP
	load_item KERNEL
	popl	%esi
	movw	$FW_KERNEL_ENTRY, %ax
	call	read_number
	movl	%eax, %ecx
	movl	%esi, %ebx
	xorl	%esi, %esi              # linear address of this ROM
	movw	%cs, %si
	shll	$4, %esi
	leal	gdt(%esi), %eax
	pushl	%eax
	pushw	$(gdt_end - gdt - 1)
	movw	%sp, %bp
	lgdtl	%ss:(%bp)
	movl	%cr0, %eax
	orb	$1, %al
	movl	%eax, %cr0
	pushl	$8
	leal	protected(%esi), %eax
	pushl	%eax
	lretl

	.code32
protected:
	movw	$0x10, %ax
	movw	%ax, %ds
	movw	%ax, %es
	movw	%ax, %fs
	movw	%ax, %gs
	movw	%ax, %ss
	movl	$0x2badb002, %eax
	jmp	*%ecx

# Flat segments, marked accessed already: this is read-only memory.
	.align	8
gdt:	.quad	0
	.quad	0x00cf9b000000ffff
	.quad	0x00cf93000000ffff
gdt_end:

	.code16
	fw_cfg_code
