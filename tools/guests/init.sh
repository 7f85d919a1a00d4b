#!/bin/sh
# First process of the test guests' initramfs. Words of the kernel command line that it knows:
#   work=NAME[,NAME...]  runs these after READY, each between BEGIN and END, then powers off
#   autoexit             powers off after READY
# With neither: an interactive shell on the console; `poweroff`, or leaving it, ends the run.
export PATH=/bin HOME=/ TERM=linux
mount -t proc proc /proc
mount -t sysfs sys /sys
mount -t devtmpfs dev /dev 2>/dev/null
mkdir -p /dev/pts && mount -t devpts pts /dev/pts

work= autoexit=
for word in $(cat /proc/cmdline); do
    case $word in
    work=*) work=${word#work=} autoexit=1 ;;
    autoexit) autoexit=1 ;;
    esac
done

echo
echo "Linux $(uname -r), $(grep -c ^processor /proc/cpuinfo) CPU(s), $(awk '/^MemTotal/ {print int($2 / 1024)}' /proc/meminfo) MiB"
echo READY

IFS=,
for name in $work; do
    echo "BEGIN $name"
    case $name in
    sum)                # integer work in a shell: fork, exec, arithmetic
        i=0 total=0
        while [ $i -lt 2000 ]; do total=$((total + i * i % 7)) i=$((i + 1)); done
        echo "sum $total" ;;
    hash)               # memory and integer work in one process
        dd if=/dev/zero bs=64k count=16 2>/dev/null | sha256sum ;;
    flood)              # much serial output, in lines that can be checked
        i=0
        while [ $i -lt 500 ]; do echo "flood $i abcdefghijklmnopqrstuvwxyz0123456789"; i=$((i + 1)); done ;;
    echo)               # repeats what is typed, until a line "end"
        while read -r line && [ "$line" != end ]; do echo "got $line"; done ;;
    smp)                # one busy process for each CPU, in turn and together
        for cpu in $(awk '/^processor/ {printf "%s,", $3}' /proc/cpuinfo); do
            taskset -c $cpu sh -c "i=0; while [ \$i -lt 1000 ]; do i=\$((i + 1)); done; echo cpu $cpu done"
        done
        seq 300 | xargs -n 100 -P 2 sh -c 'echo $#' | sort ;;
    cpus)               # where the kernel sees each CPU: package, core, threads of the core
        for cpu in $(seq 0 $(($(grep -c ^processor /proc/cpuinfo) - 1)) | tr '\n' ,); do
            cd /sys/devices/system/cpu/cpu$cpu/topology
            echo "cpu $cpu package $(cat physical_package_id) core $(cat core_id) threads $(cat thread_siblings_list)"
            cd /
        done ;;
    time) date -u '+%Y-%m-%d %H:%M'; sleep 1; echo slept ;;
    bench-*) "/bin/$name" ;;             # of workloads.gz
    stress-*) /bin/stress "${name#stress-}" ;; # of stress.gz: how many rounds
    disk* | cdrom | floppy) . /lib/media-tests.sh && $name ;;
    *) echo "unknown work" ;;
    esac
    echo "END $name $?"
done
unset IFS

if [ -z "$autoexit" ]; then
    echo "A shell; poweroff ends it."
    export PS1='reprise:\w# '
    trap 'exec /bin/poweroff' USR2      # what busybox's own poweroff sends to process 1
    setsid cttyhack sh &
    wait $!
fi
exec /bin/poweroff
