"""What a plan holds in ``params``: everything its steps need, decided when it was drawn, for every master.

``ClusterParams`` is what the steps that all runbooks share rely on; a runbook that needs more derives its own.
"""

from __future__ import annotations

import msgspec

from novatui.model.plan import Plan
from novatui.runbooks.parts.unit import DEFAULT_STOP_S


class NodeParams(msgspec.Struct, frozen=True, kw_only=True):
    """One master. ``kind``: ``dir``, or ``mount`` where the data directory is a mount point and only ``member`` is swapped.

    ``live_inode`` is of the directory that is swapped out, ``had_live`` whether there is one. ``listening`` are the
    addresses of its own etcd, ``[IPv4:]PORT``. ``was_running``: the unit was started, or being restarted, at planning;
    ``was_member``: the cluster and member it answered as then, ``CLUSTER/MEMBER``, empty where it did not answer.
    ``api_server``: where the API server that is fenced listens, ``[IPv4:]PORT``; empty: none is fenced.
    """

    member: str
    member_id: str
    peer_urls: tuple[str, ...]
    data_dir: str
    kind: str
    owner: str
    mode: str
    had_live: bool
    live_inode: str
    etcd: str
    etcdctl: str
    restorer: str
    endpoint: str
    cacert: str
    cert: str
    key: str
    env_file: str
    env_sha256: str = ""
    unit: str
    unit_dir: str
    work_dir: str
    listening: tuple[str, ...]
    was_running: bool
    had_quorum: bool
    was_member: str = ""
    survivor_bytes: int  # what a copy of its data would hold, for the limits
    # How far its own data went at planning, where nothing should change that: the revision of one that answers without quorum;
    # when the data of a stopped one was written last, seconds since 1970.
    revision: int | None = None
    written: int | None = None
    stop_s: float = DEFAULT_STOP_S
    kubectl: str = ""
    kubeconfig: str = ""
    manifests: str = ""
    api_server: str = ""


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """Where the snapshot comes from. ``nodes`` have it (an archive at ``paths[node]``); the others get it from the first.

    ``sha256`` and ``revision`` as read at planning; empty and None for a survivor, which is read in the run.
    """

    kind: str  # archive | survivor
    name: str = ""  # as it was asked for
    nodes: tuple[str, ...]
    paths: dict[str, str] = {}
    sha256: str = ""
    revision: int | None = None
    db_size: int = 0
    taken_ms: int | None = None
    dated_by: str = ""  # name | mtime
    upload: str = ""  # the path on the operator's machine that it is sent from, to all of ``nodes``


class ClusterParams(msgspec.Struct, frozen=True, kw_only=True):
    """``nodes``: the participants. ``initial_cluster``, ``token`` and ``peer_urls`` (of all members) are the env files'."""

    nodes: dict[str, NodeParams]
    initial_cluster: str
    token: str
    cluster_id: str
    peer_urls: tuple[str, ...]
    overruled: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


class RestoreParams(ClusterParams, frozen=True, kw_only=True):
    """A restore's: the snapshot too, and by how much its revision is raised.

    ``initial_cluster`` lists the participants only, ``left_out`` the masters that are none; ``fresh_token``: ``token`` is not
    the one that the env files had.
    """

    source: Source
    bump: int = 0
    left_out: tuple[str, ...] = ()
    fresh_token: bool = False


class Places(msgspec.Struct, frozen=True, kw_only=True):
    """The paths of one run on one master. ``live``, ``staged``, ``old`` and ``aside`` are siblings on one file system.

    ``mark`` is the run's marker below ``live`` and ``staged``, ``mark_in_data`` the same below the data directory;
    ``inner`` is what of a restored directory is staged; ``api_aside`` where the API server's manifest is while it is fenced.
    """

    live: str
    staged: str
    old: str
    aside: str
    stage: str
    mark: str
    mark_in_data: str
    inner: str
    api_aside: str


MARKER = ".novatui-run"


def cluster_params(plan: Plan) -> ClusterParams:
    """What every runbook's plan has. Raises msgspec.ValidationError for a plan that is not one of ours."""
    return msgspec.convert(plan.params, ClusterParams)


def restore_params(plan: Plan) -> RestoreParams:
    """Raises msgspec.ValidationError for a plan that is not a restore's."""
    return msgspec.convert(plan.params, RestoreParams)


def places(node: NodeParams, run: str) -> Places:
    data = node.data_dir
    inside = node.kind == "mount"
    beside = f"{data}/.novatui" if inside else f"{data}.novatui"
    return Places(
        live=f"{data}/member" if inside else data,
        staged=f"{beside}-new-{run}",
        old=f"{beside}-old-{run}",
        aside=f"{beside}-undone-{run}",
        stage=f"{beside}-stage-{run}",
        mark=MARKER if inside else f"member/{MARKER}",
        mark_in_data=f"member/{MARKER}",
        inner="member" if inside else "",
        api_aside=f"{node.manifests.rstrip('/').rpartition('/')[0]}/.novatui-{run}",
    )
