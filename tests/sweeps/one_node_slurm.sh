#!/bin/bash
# slurm.sh start|stop DIR: a one-node Slurm on loopback for tests; all its state lies in DIR; root or not; no cgroups
set -eu; D=$(realpath -m "$2"); U=$(id -un); export SLURM_CONF=$D/slurm.conf
if [ "$1" = start ]; then
  mkdir -p "$D"/state "$D"/spool
  cat > "$SLURM_CONF" <<C
ClusterName=test
SlurmctldHost=localhost(127.0.0.1)
SlurmUser=$U
SlurmdUser=$U
AuthType=auth/none
CredType=cred/none
SlurmctldPort=${PORT:-16817}
SlurmdPort=$((${PORT:-16817} + 1))
CommunicationParameters=NoInAddrAny,NoCtldInAddrAny
StateSaveLocation=$D/state
SlurmdSpoolDir=$D/spool
SlurmctldPidFile=$D/slurmctld.pid
SlurmdPidFile=$D/slurmd.pid
SlurmctldLogFile=$D/slurmctld.log
SlurmdLogFile=$D/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_CPU
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
SchedulerParameters=sched_interval=1,sched_min_interval=0,batch_sched_delay=0,bf_interval=1
NodeName=localhost NodeAddr=127.0.0.1 CPUs=2
PartitionName=low Nodes=localhost Default=YES PriorityTier=1 GraceTime=5
PartitionName=high Nodes=localhost PriorityTier=2 PreemptMode=OFF
C
  slurmctld; slurmd -N localhost
  for _ in $(seq 100); do [ "$(sinfo -ho %T 2>&1 | sort -u)" = idle ] && exit 0; sleep 0.1; done
  tail -n 20 "$D"/*.log >&2; exit 1
fi
scancel -u "$U"; for _ in $(seq 150); do [ -n "$(squeue -h)" ] || break; sleep 0.1; done # steps outlive the daemons
P=$(cat "$D"/*.pid); scontrol shutdown || kill $P # both daemons
for _ in $(seq 100); do ps -o stat= -p "${P//$'\n'/,}" | grep -qv Z || exit 0; sleep 0.1; done; kill -9 $P
