"""Command lines that ask for what there is not, on masters that are well but for the second, which is stopped."""

from __future__ import annotations

from tests.bad_input.table import Words

OVER = ("--overrule", "quorum-stands")
RESTORE = ("restore-cluster", "--snapshot", "{archive}")

LINES = [
    Words("no runbook of that name", ("plan", "restart-etcd"), ("restart-etcd", "restart-member"), 64),
    Words("no runbook", ("plan",), ("RUNBOOK", "--help"), 64),
    Words("a runbook that is not there yet", ("plan", "defragment"), ("defragment", "etcdctl defrag", "nothing was changed"), 2),
    Words("restart-member of nobody", ("plan", "restart-member"), ("restart-member", "--node N", "{m1}, {m2}, {m3}"), 64),
    Words("recover-member of nobody", ("plan", "recover-member"), ("recover-member", "--node N", "{m1}, {m2}, {m3}"), 64),
    Words("an unknown master", ("plan", "restart-member", "--node", "nova-master-9"), ("'nova-master-9'", "{m1}, {m2}, {m3}"), 64),
    Words("an unknown master to recover", ("plan", "recover-member", "--node", "nova-master-9"), ("'nova-master-9'", "{m1}, {m2}, {m3}"), 64),
    Words("a member's name for its master's", ("plan", "recover-member", "--node", "etcd2"), ("'etcd2'", "{m1}, {m2}, {m3}"), 64),
    Words("--node of start-cluster", ("plan", "start-cluster", "--node", "{m2}"), ("start-cluster", "--node"), 64),
    Words("--node of restore-cluster", ("plan", *RESTORE, *OVER, "--node", "{m2}"), ("restore-cluster", "--node"), 64),
    Words("a snapshot to restart with", ("plan", "restart-member", "--node", "{m2}", "--snapshot", "x"), ("restart-member", "--snapshot"), 64),
    Words("a survivor to start with", ("plan", "start-cluster", "--survivor", "{m1}"), ("start-cluster", "--survivor"), 64),
    Words("a snapshot to recover from", ("plan", "recover-member", "--node", "{m2}", "--snapshot", "x"), ("recover-member", "--snapshot"), 64),
    Words("--without of recover-member", ("plan", "recover-member", "--node", "{m2}", "--without", "{m3}"), ("recover-member", "--without"), 64),
    Words("--from without an archive", ("plan", "restore-cluster", "--survivor", "{m1}", "--from", "{m1}", *OVER), ("--from", "--snapshot"), 64),
    Words("a token of a third kind", ("plan", *RESTORE, "--token", "new"), ("--token", "'new'", "fresh"), 64),
    Words("a guard that is none", ("plan", *RESTORE, "--overrule", "quorum-stand"), ("quorum-stand", "quorum-stands"), 64),
    Words("a reason that is no guard", ("plan", *RESTORE, *OVER, "--overrule", "env-token"), ("env-token", "these can be overruled: quorum-stands"), 64),
    Words("a guard of another runbook", ("plan", "restart-member", "--node", "{m2}", "--overrule", "foreign-snapshot"), ("foreign-snapshot", "restart-member"), 64),
    Words("nothing overruled", ("plan", *RESTORE), ("quorum", "--overrule quorum-stands", "recover-member"), 2),
    Words("no --yes", ("run", *RESTORE, *OVER), ("--yes",), 64),
    Words("the node for the cluster", ("run", *RESTORE, *OVER, "--yes", "{m2}"), ("'{m2}'", "'demo'", "nothing was changed"), 2),
    Words("the cluster for the node", ("run", "restart-member", "--node", "{m2}", "--yes", "demo"), ("'demo'", "'{m2}'", "nothing was changed"), 2),
    Words("another node", ("run", "recover-member", "--node", "{m2}", "--overrule", "data-intact", "--yes", "{m1}"), ("'{m1}'", "'{m2}'", "nothing was changed"), 2),
    Words("yes is no name", ("run", "start-cluster", "--yes", "yes"), ("'yes'", "'demo'", "nothing was changed"), 2),
    Words("an undo of what has none", ("run", "restart-member", "--node", "{m2}", "--yes", "{m2}", "--on-failure", "undo"), ("restart-member", "--on-failure undo", "nothing was changed"), 2),
    Words("a failure handled otherwise", ("run", "start-cluster", "--yes", "demo", "--on-failure", "retry"), ("--on-failure", "'retry'", "stop"), 64),
    Words("an option shortened", ("plan", "restore-cluster", "--snap", "{archive}"), ("--snap",), 64),
    Words("an upload that is not there", ("plan", "restore-cluster", "--upload", "/none.db.tar.gz", *OVER), ("--upload /none.db.tar.gz", "No such file"), 2),
    Words("an upload of a directory", ("plan", "restore-cluster", "--upload", "/", *OVER), ("--upload /", "nothing was changed"), 2),
    Words("an upload of no snapshot", ("plan", "restore-cluster", "--upload", "{root}/etc/etcd.env", *OVER), ("--upload {root}/etc/etcd.env", "not a whole etcd snapshot"), 2),
    Words("no such cluster", ("--cluster", "prod", "plan", "start-cluster"), ("prod", "demo"), 64),
    Words("no such configuration", ("-c", "/none.toml", "plan", "start-cluster"), ("/none.toml",), 78),
    Words("a configuration that is none", ("-c", "{env}", "plan", "start-cluster"), ("{env}",), 78),
]  # fmt: skip
