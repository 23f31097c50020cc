#!/usr/bin/env python3
"""hubserver.py - a loopback stand-in for the Hugging Face Hub, for acceptance tests of publish/deploy code.

One file, one dependency (uvicorn; PyYAML for cards; pyarrow only if Xet chunks are LZ4-compressed).
Written against huggingface_hub 2.4.0 / datasets 5.2.0 / transformers 5.23.0 / sentence-transformers 6.2.0.

  python hubserver.py --port 8899 --data ./hubdata            # plain LFS  (clients: HF_HUB_DISABLE_XET=1)
  python hubserver.py --port 8899 --data ./hubdata --xet      # + Xet: hf_xet writes to <data>/xet via local://
  export HF_ENDPOINT=http://127.0.0.1:8899 HF_TOKEN=hf_alice_write

Default tokens: hf_alice_write, hf_alice_read (user alice, member of org acme), hf_bob_write (user bob, no orgs).
In a test:  with LiveHub() as hub: subprocess.run(..., env={**os.environ, **hub.env()}); hub.fault(...); hub.log()

Admin endpoints (no auth, never logged, never faulted):
  GET/DELETE /_log[?match=regex]        request log / clear it          GET /_state   repos, refs, commits, files
  POST /_faults {match, mode, ...}      add a fault, answers {"id": n}  GET/DELETE /_faults
  POST /_release {"id": n, "drop": bool}  release a held request        POST /_reset  forget everything
  POST /_tokens {token: {user, role, orgs, repos} | null}  add/revoke   POST /_config {key: value}
  POST /_space {repo, stage?, outcome?, errorMessage?}  force a Space stage / the outcome of its next builds

Fault: match = regex searched in "METHOD /path?query"; skip = let that many matches pass; times = how many to hit (0 = all);
  mode "status"    answer status/body/headers without doing anything (request body is read first)
       "drop"      close the TCP connection without doing anything; after_bytes=N reads N body bytes first (mid-upload)
       "lost_ack"  do it, then close the connection without an answer (or answer `status` if given)
       "truncate"  do it, send headers and the first `bytes` of the body, then close
       "delay"     sleep `seconds`, then do it
       "hold"      wait for POST /_release before doing it (when="before", default) or before answering (when="after")
"""
import argparse, asyncio, base64, fnmatch, hashlib, json, os, pickle, re, shutil, socket, struct, sys, tempfile, threading, time, uuid
from dataclasses import dataclass, field
from datetime import datetime, timezone
from urllib.parse import parse_qsl, quote, unquote

import uvicorn
import yaml

LFS_PATTERNS = """*.7z *.arrow *.bin *.bz2 *.ckpt *.ftz *.gz *.h5 *.joblib *.lfs.* *.mlmodel *.model *.msgpack *.npy *.npz
*.onnx *.ot *.parquet *.pb *.pickle *.pkl *.pt *.pth *.rar *.safetensors saved_model/**/* *.tar.* *.tar *.tflite *.tgz
*.wasm *.xz *.zip *.zst *tfevents*""".split()
DATASET_PATTERNS = """*.lz4 *.mds *.pcm *.sam *.raw *.aac *.flac *.mp3 *.ogg *.wav *.bmp *.gif *.png *.tiff *.jpg *.jpeg
*.webp *.mp4 *.webm""".split()
LICENSES = set("""apache-2.0 mit openrail bigscience-openrail-m creativeml-openrail-m bigscience-bloom-rail-1.0
bigcode-openrail-m afl-3.0 artistic-2.0 bsl-1.0 bsd bsd-2-clause bsd-3-clause bsd-3-clause-clear c-uda cc cc0-1.0 cc-by-2.0
cc-by-2.5 cc-by-3.0 cc-by-4.0 cc-by-sa-3.0 cc-by-sa-4.0 cc-by-nc-2.0 cc-by-nc-3.0 cc-by-nc-4.0 cc-by-nd-4.0 cc-by-nc-nd-3.0
cc-by-nc-nd-4.0 cc-by-nc-sa-2.0 cc-by-nc-sa-3.0 cc-by-nc-sa-4.0 cdla-sharing-1.0 cdla-permissive-1.0 cdla-permissive-2.0
wtfpl ecl-2.0 epl-1.0 epl-2.0 etalab-2.0 eupl-1.1 eupl-1.2 agpl-3.0 gfdl gpl gpl-2.0 gpl-3.0 lgpl lgpl-2.1 lgpl-3.0 isc
h-research intel-research lppl-1.3c ms-pl apple-ascl apple-amlr mpl-2.0 odc-by odbl openmdw-1.0 openrail++ osl-3.0
postgresql ofl-1.1 ncsa unlicense zlib pddl lgpl-lr deepfloyd-if-license fair-noncommercial-research-license llama2 llama3
llama3.1 llama3.2 llama3.3 llama4 grok2-community gemma unknown other""".split())
SPACE_COLORS = "red yellow green blue indigo purple pink gray".split()
DEFAULT_CONFIG = dict(lfs_threshold=10 * 1024 * 1024, multipart_threshold=5 * 10**9, multipart_chunk=50 * 10**6, tree_page=1000,
                      expand_page=50, commits_page=50, space_build_seconds=0.5, xet=False, resolve_cache=False,
                      strict_cards=True, exp_seconds=3600)
DEFAULT_TOKENS = {"hf_alice_write": dict(user="alice", role="write", orgs=["acme"]),
                  "hf_alice_read": dict(user="alice", role="read", orgs=["acme"]),
                  "hf_bob_write": dict(user="bob", role="write", orgs=[])}
EVENTS = {"models": "model", "datasets": "dataset", "spaces": "space"}


def now():
    return datetime.now(timezone.utc).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"


class HubError(Exception):
    def __init__(self, status, message, code=None, headers=None, body=None):
        self.status, self.message, self.code, self.headers, self.body = status, message, code, headers or {}, body


class Drop(Exception):
    """Close the TCP connection without (further) answer."""


@dataclass
class File:
    oid: str            # git blob sha1 (of the pointer for LFS files)
    size: int
    sha256: str         # key into the blob store
    lfs: bool = False
    xet_hash: str = None

    @property
    def etag(self):
        return self.sha256 if self.lfs else self.oid

    def lfs_info(self):
        return {"oid": self.sha256, "size": self.size, "pointerSize": len(pointer(self.sha256, self.size))}


@dataclass
class Commit:
    oid: str
    parents: list
    files: dict
    title: str
    message: str
    author: str
    date: str


@dataclass
class Repo:
    type: str           # model | dataset | space
    id: str
    visibility: str
    created: str
    uid: str = field(default_factory=lambda: uuid.uuid4().hex[:24])
    commits: dict = field(default_factory=dict)
    refs: dict = field(default_factory=dict)        # branches and refs/pr/N -> oid
    tags: dict = field(default_factory=dict)        # name -> {"oid", "message", "date"}
    discussions: list = field(default_factory=list)
    lfs: set = field(default_factory=set)           # LFS objects uploaded to this repo (the Hub does not share them between repos)
    modified: str = ""
    gated: object = False
    space: dict = None

    @property
    def private(self):
        return self.visibility == "private"


def pointer(sha, size):
    return f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha}\nsize {size}\n".encode()


def git_blob(data):
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def pat_match(path, patterns):
    base = path.rsplit("/", 1)[-1]
    for p in patterns:
        p2 = p.lstrip("/")
        if p2.endswith("/"):
            if (path + "/").startswith(p2) or ("/" + p2) in path:
                return True
        elif "/" in p2:
            if fnmatch.fnmatchcase(path, p2.replace("**/", "*")) or fnmatch.fnmatchcase(path, p2):
                return True
        elif fnmatch.fnmatchcase(base, p2) or any(fnmatch.fnmatchcase(d, p2) for d in path.split("/")[:-1]):
            return True
    return False


def read_card(text):
    """(metadata, error) of a README.md"""
    m = re.match(r"^\s*---[ \t]*\r?\n(.*?)\r?\n?---[ \t]*(\r?\n|$)", text, re.S)
    if not m:
        return None, None
    try:
        d = yaml.safe_load(m.group(1))
    except yaml.YAMLError as e:
        return None, f"YAML error: {e}".replace("\n", " ")
    if d is not None and not isinstance(d, dict):
        return None, "YAML metadata must be a mapping"
    return json.loads(json.dumps(d or {}, default=str)), None


def validate_card(text, repo_type):
    meta, error = read_card(text)
    errors, warns = ([error] if error else []), []
    if meta is None and not error:
        warns.append("empty or missing yaml metadata in repo card")
    for lic in ([] if not meta else [meta["license"]] if isinstance(meta.get("license"), str) else meta.get("license") or []):
        if lic not in LICENSES:
            errors.append(f'"license" must be one of [{", ".join(sorted(LICENSES)[:8])}, ...]')
    if meta:
        for i, lang in enumerate([meta["language"]] if isinstance(meta.get("language"), str) else meta.get("language") or []):
            if not re.fullmatch(r"[a-z]{2,3}(-[A-Za-z0-9]+)*|code|multilingual", str(lang)):
                errors.append(f'"language[{i}]" must only contain lowercase characters, an ISO 639-1/2/3 code, "code" or "multilingual"')
        if "tags" in meta and not (isinstance(meta["tags"], list) and all(isinstance(t, str) for t in meta["tags"])):
            errors.append('"tags" must be an array of strings')
        if "model-index" in meta:
            if not isinstance(meta["model-index"], list):
                errors.append('"model-index" must be an array')
            for i, m in enumerate(meta["model-index"] if isinstance(meta["model-index"], list) else []):
                if not isinstance(m, dict) or not m.get("name"):
                    errors.append(f'"model-index[{i}].name" is required')
                for j, r in enumerate((m.get("results") if isinstance(m, dict) else None) or []):
                    for k in ("task", "metrics"):
                        if k not in r:
                            errors.append(f'"model-index[{i}].results[{j}].{k}" is required')
        for i, c in enumerate(meta.get("configs") or [] if repo_type == "dataset" else []):
            if not isinstance(c, dict) or "config_name" not in c:
                errors.append(f'"configs[{i}].config_name" is required')
    if repo_type == "space" and meta is not None:
        if meta.get("sdk") not in ("gradio", "streamlit", "docker", "static"):
            errors.append('"sdk" must be one of [gradio, streamlit, docker, static]')
        for k in ("colorFrom", "colorTo"):
            if k in meta and meta[k] not in SPACE_COLORS:
                errors.append(f'"{k}" must be one of [{", ".join(SPACE_COLORS)}]')
        if len(str(meta.get("short_description", ""))) > 60:
            errors.append('"short_description" length must be less than or equal to 60 characters long')
    return errors, warns


# ---------------------------------------------------------------- Xet: read what hf_xet wrote through local://
def _mhex(b):
    return "".join("%016x" % v for v in struct.unpack("<4Q", b))


class XetStore:
    def __init__(self, root):
        self.root, self.by_sha, self.seen = root, {}, set()
        os.makedirs(root, exist_ok=True)

    def find(self, sha):
        d = os.path.join(self.root, "xet", "xorbs", "shards")
        for f in (os.listdir(d) if sha not in self.by_sha and os.path.isdir(d) else []):
            if f.endswith(".mdb") and f not in self.seen:
                self.seen.add(f)
                self._shard(open(os.path.join(d, f), "rb").read())
        return self.by_sha.get(sha)

    def _shard(self, d):
        p = 48
        while d[p:p + 32] != b"\xff" * 32:
            h, (flags, n) = _mhex(d[p:p + 32]), struct.unpack("<II", d[p + 32:p + 40])
            p += 48
            segs = [(_mhex(d[p + 48 * i:p + 48 * i + 32]), *struct.unpack("<IIII", d[p + 48 * i + 32:p + 48 * i + 48])) for i in range(n)]
            p += 48 * n * (2 if flags & 0x80000000 else 1)
            if flags & 0x40000000:
                self.by_sha[_mhex(d[p:p + 32])] = (h, segs)
                p += 48

    def read(self, sha):
        out = []
        for xorb, _, _, start, end in self.by_sha[sha][1]:
            d = open(os.path.join(self.root, "xet", "xorbs", "xorbs", "default." + xorb), "rb").read()
            p = 0
            for i in range(end):
                clen, scheme, ulen = int.from_bytes(d[p + 1:p + 4], "little"), d[p + 4], int.from_bytes(d[p + 5:p + 8], "little")
                if i >= start:
                    c = d[p + 8:p + 8 + clen]
                    if scheme:
                        import pyarrow as pa
                        c = pa.decompress(c, decompressed_size=ulen, codec="lz4", asbytes=True)
                        if scheme == 2:     # BG4: bytes grouped by position modulo 4
                            b, o = bytearray(ulen), 0
                            for k in range(4):
                                m = (ulen - k + 3) // 4
                                b[k::4] = c[o:o + m]
                                o += m
                            c = bytes(b)
                    out.append(c)
                p += 8 + clen
        data = b"".join(out)
        if hashlib.sha256(data).hexdigest() != sha:
            raise HubError(500, f"xet object {sha} does not reconstruct")
        return data


# ---------------------------------------------------------------- the hub
class Hub:
    def __init__(self, data=None, tokens=None, persist=False, **config):
        self.own_data = data is None
        self.data = os.path.abspath(data or tempfile.mkdtemp(prefix="hubserver-"))
        self.persist = persist
        self.config = {**DEFAULT_CONFIG, **config}
        self.tokens0 = tokens or DEFAULT_TOKENS
        self.reset(wipe=False)
        if persist and os.path.exists(self.state_file):
            self.repos, self.moved, self.tokens = pickle.load(open(self.state_file, "rb"))

    @property
    def state_file(self):
        return os.path.join(self.data, "state.pickle")

    def reset(self, wipe=True):
        if wipe:
            for d in ("blobs", "parts", "xet"):
                shutil.rmtree(os.path.join(self.data, d), ignore_errors=True)
        os.makedirs(os.path.join(self.data, "blobs"), exist_ok=True)
        os.makedirs(os.path.join(self.data, "parts"), exist_ok=True)
        self.xet = XetStore(os.path.join(self.data, "xet"))
        self.repos, self.moved, self.tokens = {}, {}, {k: dict(v) for k, v in self.tokens0.items()}
        self.log, self.faults, self.fault_ids, self.counter, self.uploads = [], [], 0, 0, {}

    def save(self):
        if self.persist:
            tmp = self.state_file + ".tmp"
            pickle.dump((self.repos, self.moved, self.tokens), open(tmp, "wb"))
            os.replace(tmp, self.state_file)

    # ---- blobs
    def blob(self, sha):
        return os.path.join(self.data, "blobs", sha)

    def put(self, data):
        sha = hashlib.sha256(data).hexdigest()
        if not os.path.exists(self.blob(sha)):
            tmp = self.blob(sha) + "." + uuid.uuid4().hex
            open(tmp, "wb").write(data)
            os.replace(tmp, self.blob(sha))
        return sha

    def get(self, f):
        return open(self.blob(f.sha256), "rb").read()

    def regular(self, data):
        return File(git_blob(data), len(data), self.put(data))

    # ---- git
    def commit(self, repo, ref, files, title, message="", author="", parents=None):
        self.counter += 1
        parents = parents if parents is not None else ([repo.refs[ref]] if ref in repo.refs else [])
        oid = hashlib.sha1(json.dumps([parents, sorted((p, f.oid) for p, f in files.items()), title, message, author,
                                       time.time_ns(), self.counter]).encode()).hexdigest()
        repo.commits[oid] = Commit(oid, parents, dict(files), title, message, author, now())
        repo.refs[ref] = oid
        repo.modified = now()
        return oid

    def create(self, rtype, rid, visibility, author, sdk=None, **space):
        repo = Repo(rtype, rid, visibility, now())
        pats = LFS_PATTERNS + (DATASET_PATTERNS if rtype == "dataset" else [])
        files = {".gitattributes": self.regular("".join(f"{p} filter=lfs diff=lfs merge=lfs -text\n" for p in pats).encode())}
        if rtype == "space":
            name = rid.split("/")[1]
            files["README.md"] = self.regular(f"---\ntitle: {name}\nemoji: 🐢\ncolorFrom: blue\ncolorTo: gray\nsdk: {sdk}\npinned: false\n---\n\n"
                                              "Check out the configuration reference at https://huggingface.co/docs/hub/spaces-config-reference\n".encode())
            repo.space = dict(sdk=sdk, hardware=space.get("hardware") or "cpu-basic", sleep=space.get("sleepTimeSeconds"), paused=False, since=time.time(),
                              outcome="RUNNING", forced=None, error=None, deployed=None, volumes=space.get("volumes"), dev=False,
                              secrets={s["key"]: {"value": s.get("value"), "description": s.get("description"), "updatedAt": now()} for s in space.get("secrets") or []},
                              variables={s["key"]: {"value": s.get("value"), "description": s.get("description"), "updatedAt": now()} for s in space.get("variables") or []})
        self.commit(repo, "main", files, "initial commit", author=author)
        self.repos[rtype, rid] = repo
        return repo

    def resolve(self, repo, rev):
        """commit of a branch, tag, refs/..., full or short oid"""
        oid = repo.refs.get(rev) or (repo.tags[rev]["oid"] if rev in repo.tags else None)
        if oid is None and rev.startswith("refs/heads/"):
            oid = repo.refs.get(rev[11:])
        if oid is None and rev.startswith("refs/tags/"):
            oid = repo.tags.get(rev[10:], {}).get("oid")
        if oid is None and re.fullmatch(r"[0-9a-f]{7,40}", rev):
            oid = next((o for o in repo.commits if o.startswith(rev)), None)
        if oid is None:
            raise HubError(404, f"Invalid rev id: {rev}", "RevisionNotFound")
        return repo.commits[oid]

    def history(self, repo, oid):
        while oid:
            c = repo.commits[oid]
            yield c
            oid = c.parents[0] if c.parents else None

    # ---- views
    def card(self, c):
        f = c.files.get("README.md")
        return (read_card(self.get(f).decode("utf-8", "replace"))[0] or {}) if f else {}

    def entry(self, c, path, f):
        e = {"type": "file", "oid": f.oid, "size": f.size, "path": path}
        if f.lfs:
            e["lfs"] = f.lfs_info()
        if f.xet_hash:
            e["xetHash"] = f.xet_hash
        return e

    def listing(self, c, prefix="", recursive=False):
        out, dirs = [], {}
        for p in sorted(c.files):
            if prefix and not p.startswith(prefix + "/"):
                continue
            rest = p[len(prefix) + 1 if prefix else 0:].split("/")
            for i in range(1, len(rest)):
                if recursive or i == 1:
                    d = "/".join(([prefix] if prefix else []) + rest[:i])
                    dirs.setdefault(d, None)
            if recursive or len(rest) == 1:
                out.append(self.entry(c, p, c.files[p]))
        for d in dirs:
            out.append(self.dir_entry(c, d))
        return sorted(out, key=lambda e: (e["type"] == "file", e["path"])) if not recursive else sorted(out, key=lambda e: e["path"])

    def dir_entry(self, c, d):
        h = hashlib.sha1("".join(f.oid for p, f in sorted(c.files.items()) if p.startswith(d + "/")).encode()).hexdigest()
        return {"type": "directory", "oid": h, "size": 0, "path": d}

    def info(self, repo, rev=None, blobs=False, expand=()):
        c = self.resolve(repo, rev or "main")
        card = self.card(c)
        sib = []
        for p in sorted(c.files):
            f = c.files[p]
            s = {"rfilename": p}
            if blobs:
                s.update(size=f.size, blobId=f.oid)
                if f.lfs:
                    s["lfs"] = {"sha256": f.sha256, "size": f.size, "pointerSize": f.lfs_info()["pointerSize"]}
            sib.append(s)
        tags = [t for t in (card.get("tags") or []) if isinstance(t, str)]
        for k in ("license", "language", "datasets", "library_name", "pipeline_tag"):
            v = card.get(k)
            for x in ([v] if isinstance(v, str) else v or []):
                t = {"license": f"license:{x}", "language": str(x), "datasets": f"dataset:{x}"}.get(k, str(x))
                tags.append(t) if t not in tags else None
        if any(p.endswith(".safetensors") for p in c.files):
            tags.append("safetensors")
        d = {"_id": repo.uid, "id": repo.id, "author": repo.id.split("/")[0], "sha": c.oid, "lastModified": c.date, "createdAt": repo.created,
             "private": repo.private, "gated": repo.gated, "disabled": False, "downloads": 0, "likes": 0, "tags": tags, "cardData": card, "siblings": sib,
             "usedStorage": sum({f.sha256: f.size for c2 in repo.commits.values() for f in c2.files.values() if f.lfs}.values())}
        if repo.type == "model":
            conf = {}
            if "config.json" in c.files:
                try:
                    cfg = json.loads(self.get(c.files["config.json"]))
                    conf = {k: cfg[k] for k in ("architectures", "model_type") if k in cfg}
                except ValueError:
                    pass
            d.update(modelId=repo.id, pipeline_tag=card.get("pipeline_tag"), library_name=card.get("library_name"), config=conf, spaces=[],
                     **({"model-index": card["model-index"]} if "model-index" in card else {"model-index": None}))
        elif repo.type == "dataset":
            d.update(description=None, citation=None)
        else:
            d.update(sdk=repo.space["sdk"], host=f"https://{repo.id.replace('/', '-').lower()}.hf.space", subdomain=repo.id.replace("/", "-").lower(),
                     runtime=self.runtime(repo), models=card.get("models") or [], datasets=card.get("datasets") or [])
        if expand:
            d = {k: v for k, v in d.items() if k in ("_id", "id") or k in expand}
        return d

    def runtime(self, repo):
        s, c = repo.space, repo.commits[repo.refs["main"]]
        sdk = self.card(c).get("sdk") or s["sdk"]
        app = {"docker": "Dockerfile", "static": self.card(c).get("app_file", "index.html")}.get(sdk, self.card(c).get("app_file", "app.py"))
        b, dt = self.config["space_build_seconds"], time.time() - s["since"]
        if s["forced"]:
            stage = s["forced"]
        elif s["paused"]:
            stage = "PAUSED"
        elif "README.md" not in c.files or "sdk" not in self.card(c):
            stage = "CONFIG_ERROR"
        elif app not in c.files:
            stage = "NO_APP_FILE"
        elif sdk == "static":
            stage = "RUNNING"
        elif dt < b:
            stage = "RUNNING_BUILDING" if s["deployed"] else "BUILDING"
        elif s["outcome"] == "BUILD_ERROR":
            stage = "BUILD_ERROR"
        elif dt < 2 * b:
            stage = "RUNNING_APP_STARTING" if s["deployed"] else "APP_STARTING"
        else:
            stage = s["outcome"]
            s["deployed"] = c.oid if stage == "RUNNING" else s["deployed"]
        up = stage.startswith("RUNNING")
        d = {"stage": stage, "hardware": {"current": s["hardware"] if up else None, "requested": s["hardware"]}, "storage": None,
             "gcTimeout": s["sleep"] or 172800, "replicas": {"current": int(up), "requested": 1}, "devMode": s["dev"], "volumes": s["volumes"],
             "domains": [{"domain": f"{repo.id.replace('/', '-').lower()}.hf.space", "stage": "READY"}]}
        if up:
            d["sha"] = s["deployed"] or c.oid
        if stage.endswith("ERROR"):
            d["errorMessage"] = s["error"] or f"forced {stage}"
        return d


# ---------------------------------------------------------------- HTTP
RT, ID = r"(?P<rt>models|datasets|spaces)", r"(?P<ns>[^/]+)/(?P<name>[^/]+)"
REV = r"(?P<rev>refs(?:%2[Ff]|/)\w+(?:%2[Ff]|/)[^/]+|[^/]+)"
ROUTES = []


def route(method, pattern):
    def deco(fn):
        ROUTES.append((method.split("|"), re.compile("^" + pattern + "$"), fn))
        return fn
    return deco


class Req:
    def __init__(self, hub, scope, receive):
        self.hub, self.scope, self._receive = hub, scope, receive
        self.method = scope["method"]
        self.raw = scope["raw_path"].decode().split("?")[0]
        self.qs = scope["query_string"].decode()
        self.query = parse_qsl(self.qs, keep_blank_values=True)
        self.q = dict(self.query)
        self.headers = {k.decode().lower(): v.decode("latin1") for k, v in scope["headers"]}
        self.base = "http://" + self.headers.get("host", "127.0.0.1")
        self.nread, self.body, self.note, self.tok = 0, None, {}, None

    async def stream(self, limit=None):
        more = True
        while more and (limit is None or self.nread < limit):
            m = await self._receive()
            if m["type"] == "http.disconnect":
                raise Drop()
            b, more = m.get("body", b""), m.get("more_body", False)
            self.nread += len(b)
            yield b

    async def read(self):
        if self.body is None:
            self.body = b"".join([b async for b in self.stream()])
        return self.body

    async def json(self):
        b = await self.read()
        return json.loads(b) if b else {}

    async def form(self):
        if "json" in self.headers.get("content-type", ""):
            return await self.json()
        d = {}
        for k, v in parse_qsl((await self.read()).decode(), keep_blank_values=True):
            d.setdefault(k, []).append(v)
        return d

    # ---- auth
    def auth(self):
        h = self.headers.get("authorization", "")
        if not h:
            return None
        tok = self.hub.tokens.get(h[7:] if h.lower().startswith("bearer ") else "")
        if tok is None:
            raise HubError(401, "Invalid credentials in Authorization header")
        self.tok = tok
        return tok

    def member(self, ns):
        return self.tok is not None and (self.tok["user"] == ns or ns in (self.tok.get("orgs") or []))

    def repo(self, m, write=False):
        self.auth()
        rtype = EVENTS[m["rt"] or "models"]
        rid = unquote(m["ns"]) + "/" + unquote(m["name"])
        repo = self.hub.repos.get((rtype, rid))
        if repo is None and (rtype, rid) in self.hub.moved:
            new = self.hub.moved[rtype, rid]
            loc = self.raw.replace(rid, new, 1) + ("?" + self.qs if self.qs else "")
            raise HubError(307, "Temporary Redirect", headers={"location": loc})
        if repo is None or (repo.private and not self.member(m["ns"])):
            if self.tok is None:
                raise HubError(401, "Invalid username or password.", "RepoNotFound")
            raise HubError(404, "Repository not found", "RepoNotFound")
        if write:
            self.need_write(m["ns"], rid)
        return repo

    def need_write(self, ns, rid=None):
        if self.tok is None:
            raise HubError(401, "Invalid username or password.")
        if self.tok["role"] == "read":
            raise HubError(403, "Forbidden: you must use a write token to upload to a repository.")
        if not self.member(ns):
            raise HubError(403, f"Forbidden: you don't have write access to the namespace {ns}.")
        if self.tok.get("repos") and not any(fnmatch.fnmatchcase(rid or ns + "/*", p) for p in self.tok["repos"]):
            raise HubError(403, "Forbidden: this fine-grained token has no write permission on this repository.")


def J(obj, status=200, **headers):
    return status, {"content-type": "application/json; charset=utf-8", **{k.replace("_", "-"): v for k, v in headers.items()}}, json.dumps(obj).encode()


def prefix(repo):
    return {"model": "", "dataset": "datasets/", "space": "spaces/"}[repo.type] + repo.id


# ---- account, cards, misc
@route("GET", "/api/whoami-v2")
async def whoami(r, m):
    if r.auth() is None:
        raise HubError(401, "Invalid username or password.")
    t = r.tok
    role = t["role"]
    return J({"type": "user", "id": hashlib.sha1(t["user"].encode()).hexdigest()[:24], "name": t["user"], "fullname": t["user"].title(), "email": f"{t['user']}@example.com",
              "emailVerified": True, "canPay": False, "isPro": False, "periodEnd": None, "avatarUrl": "",
              "orgs": [{"type": "org", "id": hashlib.sha1(o.encode()).hexdigest()[:24], "name": o, "fullname": o, "email": None, "canPay": False, "isEnterprise": False,
                        "roleInOrg": "write", "avatarUrl": ""} for o in t.get("orgs") or []],
              "auth": {"type": "access_token", "accessToken": {"displayName": t.get("name", "test"), "role": role, "createdAt": "2026-01-01T00:00:00.000Z"}}})


@route("POST", "/api/validate-yaml")
async def validate_yaml(r, m):
    b = await r.json()
    errors, warns = validate_card(b.get("content", ""), b.get("repoType", "model"))
    r.note = {"repoType": b.get("repoType"), "errors": errors}
    return J({"errors": [{"message": e} for e in errors], "warnings": [{"message": w} for w in warns]}, 400 if errors else 200)


@route("GET", "/api/agent-harnesses")
async def harnesses(r, m):
    return J({"standardEnvVars": [], "harnesses": {}})


@route("HEAD|GET", "/api/telemetry/.*")
async def telemetry(r, m):
    return J({})


# ---- repos
@route("POST", "/api/repos/create")
async def create_repo(r, m):
    r.auth()
    b = await r.json()
    if r.tok is None:
        raise HubError(401, "Invalid username or password.")
    rtype, ns, name = b.get("type") or "model", b.get("organization") or r.tok["user"], b["name"]
    r.note = {"type": rtype, "id": f"{ns}/{name}", "visibility": b.get("visibility")}
    if r.tok["role"] == "read" or not r.member(ns):
        raise HubError(403, f"You don't have the rights to create a {rtype} under the namespace \"{ns}\".")
    r.need_write(ns, f"{ns}/{name}")
    if not re.fullmatch(r"[\w.-]{1,96}", name) or "--" in name or ".." in name or name[0] in "-." or name[-1] in "-." or name.endswith(".git"):
        raise HubError(400, f"Invalid repo name: {ns}/{name} - repo name includes invalid characters")
    url = f"{r.base}/{ {'model': '', 'dataset': 'datasets/', 'space': 'spaces/'}[rtype] }{ns}/{name}".replace(" ", "")
    if (rtype, f"{ns}/{name}") in r.hub.repos:
        repo = r.hub.repos[rtype, f"{ns}/{name}"]
        raise HubError(409, f"You already created this {rtype} repo", body={"error": f"You already created this {rtype} repo", "url": url, "id": repo.uid, "name": repo.id})
    vis = b.get("visibility") or ("private" if b.get("private") else "public")
    repo = r.hub.create(rtype, f"{ns}/{name}", vis, r.tok["user"], sdk=b.get("sdk"), **{k: b.get(k) for k in ("hardware", "secrets", "variables", "sleepTimeSeconds", "volumes")})
    return J({"url": url, "id": repo.uid, "name": repo.id})


@route("DELETE", "/api/repos/delete")
async def delete_repo(r, m):
    b = await r.json()
    ns, name = (b.get("organization"), b["name"]) if b.get("organization") else b["name"].split("/") if "/" in b["name"] else (r.auth() or {"user": ""})["user"] and (r.tok["user"], b["name"])
    mm = {"rt": (b.get("type") or "model") + "s", "ns": ns, "name": name}
    repo = r.repo(mm, write=True)
    del r.hub.repos[repo.type, repo.id]
    return 200, {"content-type": "text/plain"}, b"OK"


@route("POST", "/api/repos/move")
async def move_repo(r, m):
    b = await r.json()
    ns, name = b["fromRepo"].split("/")
    repo = r.repo({"rt": b["type"] + "s", "ns": ns, "name": name}, write=True)
    r.need_write(b["toRepo"].split("/")[0], b["toRepo"])
    if (repo.type, b["toRepo"]) in r.hub.repos:
        raise HubError(409, "Target repo already exists")
    del r.hub.repos[repo.type, repo.id]
    r.hub.moved[repo.type, repo.id] = b["toRepo"]
    repo.id = b["toRepo"]
    r.hub.repos[repo.type, repo.id] = repo
    return J({})


@route("PUT", f"/api/{RT}/{ID}/settings")
async def settings(r, m):
    repo, b = r.repo(m, write=True), await r.json()
    if "visibility" in b or "private" in b:
        repo.visibility = b.get("visibility") or ("private" if b["private"] else "public")
    repo.gated = b.get("gated", repo.gated)
    return J({"private": repo.private, "visibility": repo.visibility, "gated": repo.gated})


@route("GET", f"/api/{RT}/{ID}/auth-check(?P<write>/write)?")
async def auth_check(r, m):
    r.repo(m, write=bool(m["write"]))
    return J({})


@route("GET", f"/api/{RT}")
async def list_repos(r, m):
    r.auth()
    out = [r.hub.info(x) for (t, _), x in sorted(r.hub.repos.items()) if t == EVENTS[m["rt"]] and (not x.private or r.member(x.id.split("/")[0]))
           and r.q.get("author") in (None, x.id.split("/")[0]) and r.q.get("search", "").lower() in x.id.lower()]
    return J(out)


@route("GET", f"/api/{RT}/{ID}(?:/revision/{REV})?")
async def repo_info(r, m):
    repo = r.repo(m)
    expand = [v for k, v in r.query if k.startswith("expand")]
    d = r.hub.info(repo, unquote(m["rev"]) if m["rev"] else None, r.q.get("blobs", "").lower() in ("1", "true"), expand)
    r.note = {"sha": d.get("sha")}
    return J(d)


@route("GET", f"/api/{RT}/{ID}/refs")
async def refs(r, m):
    repo = r.repo(m)
    ref = lambda n, full, oid: {"name": n, "ref": full, "targetCommit": oid}
    d = {"branches": [ref(n, "refs/heads/" + n, o) for n, o in repo.refs.items() if not n.startswith("refs/")], "converts": [],
         "tags": [ref(n, "refs/tags/" + n, t["oid"]) for n, t in repo.tags.items()]}
    if r.q.get("include_prs"):
        d["pullRequests"] = [ref(n[5:], n, o) for n, o in repo.refs.items() if n.startswith("refs/pr/")]
    return J(d)


@route("GET", f"/api/{RT}/{ID}/commits/{REV}")
async def commits(r, m):
    repo = r.repo(m)
    p, limit = int(r.q.get("p", 0)), int(r.q.get("limit", r.hub.config["commits_page"]))
    hist = list(r.hub.history(repo, r.hub.resolve(repo, unquote(m["rev"])).oid))
    out = [{"id": c.oid, "title": c.title, "message": c.message, "date": c.date, "authors": [{"user": c.author, "avatar": ""}],
            **({"formatted": {"title": c.title, "message": c.message}} if "formatted" in r.qs else {})} for c in hist[p * limit:(p + 1) * limit]]
    h = {"Link": f'<{r.base}{r.raw}?p={p + 1}&limit={limit}>; rel="next"'} if len(hist) > (p + 1) * limit else {}
    return J(out, X_Total_Count=str(len(hist)), **h)


@route("GET", f"/api/{RT}/{ID}/tree/{REV}(?:/(?P<path>.*))?")
async def tree(r, m):
    repo = r.repo(m)
    c = r.hub.resolve(repo, unquote(m["rev"]))
    path = unquote(m["path"] or "").strip("/")
    truth = lambda k: r.q.get(k, "").lower() in ("1", "true")
    if path in c.files:
        out = [r.hub.entry(c, path, c.files[path])]
    else:
        out = r.hub.listing(c, path, truth("recursive"))
        if path and not out:
            raise HubError(404, f"{path} does not exist on \"{unquote(m['rev'])}\"", "EntryNotFound", {"X-Repo-Commit": c.oid})
    if truth("expand"):
        for e in out:
            e["lastCommit"] = last_commit(r.hub, repo, c, e["path"])
            if e["type"] == "file":
                e["securityFileStatus"] = {"status": "safe"}
    page, cur = int(r.q.get("limit") or r.hub.config["expand_page" if truth("expand") else "tree_page"]), int(r.q.get("cursor", 0))
    h = {}
    if len(out) > cur + page:
        qs = "&".join(f"{k}={quote(v)}" for k, v in r.query if k != "cursor")
        h["Link"] = f'<{r.base}{r.raw}?{qs}&cursor={cur + page}>; rel="next"'
    r.note = {"entries": len(out), "sha": c.oid}
    return J(out[cur:cur + page], **h)


def last_commit(hub, repo, c, path):
    sig = lambda x: [(p, f.oid) for p, f in x.files.items() if p == path or p.startswith(path + "/")]
    last = c
    for x in hub.history(repo, c.oid):
        if sorted(sig(x)) != sorted(sig(c)):
            break
        last = x
    return {"id": last.oid, "title": last.title, "date": last.date}


@route("POST", f"/api/{RT}/{ID}/paths-info/{REV}")
async def paths_info(r, m):
    repo, b = r.repo(m), await r.form()
    c = r.hub.resolve(repo, unquote(m["rev"]))
    paths = b.get("paths") or []
    paths = [paths] if isinstance(paths, str) else paths
    if len(paths) > 1000:
        raise HubError(413, "too many parameters")
    out = []
    for p in paths:
        p = p.strip("/")
        if p in c.files:
            out.append(r.hub.entry(c, p, c.files[p]))
        elif any(x.startswith(p + "/") for x in c.files):
            out.append(r.hub.dir_entry(c, p))
    if str((b.get("expand") or ["false"])[0] if isinstance(b.get("expand"), list) else b.get("expand")).lower() in ("1", "true"):
        for e in out:
            e["lastCommit"] = last_commit(r.hub, repo, c, e["path"])
    r.note = {"paths": paths[:20]}
    return J(out)


@route("POST", f"/api/{RT}/{ID}/tag/{REV}")
async def create_tag(r, m):
    repo, b = r.repo(m, write=True), await r.json()
    r.note = {"tag": b.get("tag"), "revision": unquote(m["rev"])}
    c = r.hub.resolve(repo, unquote(m["rev"]))
    if not b.get("tag"):
        raise HubError(400, '"tag" is required')
    if b["tag"] in repo.tags:
        raise HubError(409, "Tag reference exists already")
    repo.tags[b["tag"]] = {"oid": c.oid, "message": b.get("message"), "date": now()}
    return J({})


@route("DELETE", f"/api/{RT}/{ID}/tag/{REV}")
async def delete_tag(r, m):
    repo = r.repo(m, write=True)
    if unquote(m["rev"]) not in repo.tags:
        raise HubError(404, f"Tag not found: {unquote(m['rev'])}", "RevisionNotFound")
    del repo.tags[unquote(m["rev"])]
    return J({})


@route("POST|DELETE", f"/api/{RT}/{ID}/branch/{REV}")
async def branch(r, m):
    repo, name = r.repo(m, write=True), unquote(m["rev"])
    if r.method == "DELETE":
        if name == "main":
            raise HubError(403, "Cannot delete the default branch")
        if name not in repo.refs:
            raise HubError(404, f"Branch not found: {name}", "RevisionNotFound")
        del repo.refs[name]
        return J({})
    b = await r.json()
    if name.startswith("refs/"):
        raise HubError(400, f"Invalid reference for a branch: {name}")
    if name in repo.refs:
        raise HubError(409, f"Reference already exists: refs/heads/{name}")
    repo.refs[name] = r.hub.resolve(repo, b.get("startingPoint") or "main").oid
    return J({})


@route("POST", f"/api/{RT}/{ID}/super-squash/{REV}")
async def squash(r, m):
    repo, b, name = r.repo(m, write=True), await r.json(), unquote(m["rev"])
    c = r.hub.resolve(repo, name)
    r.hub.commit(repo, name, c.files, b.get("message") or f"Super-squash branch '{name}' using huggingface_hub", author=r.tok["user"], parents=[])
    return J({})


# ---- upload
@route("POST", f"/api/{RT}/{ID}/preupload/{REV}")
async def preupload(r, m):
    b = await r.json()
    repo = r.repo(m)
    if r.q.get("create_pr"):
        if r.tok is None:
            raise HubError(401, "Invalid username or password.")
    else:
        r.need_write(m["ns"], repo.id)
    c = r.hub.resolve(repo, unquote(m["rev"]))
    attrs = []
    if ".gitattributes" in c.files:
        attrs = [l.split()[0] for l in r.hub.get(c.files[".gitattributes"]).decode().splitlines() if "filter=lfs" in l]
    ignore = b.get("gitIgnore") or (r.hub.get(c.files[".gitignore"]).decode() if ".gitignore" in c.files else "")
    ignore = [l.strip() for l in ignore.splitlines() if l.strip() and not l.startswith(("#", "!"))]
    out = []
    for f in b["files"]:
        p, size = f["path"], f.get("size", 0)
        lfs = pat_match(p, attrs) or size >= r.hub.config["lfs_threshold"]
        old = c.files.get(p)
        out.append({"path": p, "uploadMode": "lfs" if lfs else "regular", "shouldIgnore": pat_match(p, ignore), "oid": (old.etag if old else None)})
    r.note = {"files": [(o["path"], o["uploadMode"]) for o in out][:300]}
    return J({"files": out, "commitOid": c.oid})


def lfs_known(hub, repo, sha):
    if sha in repo.lfs and os.path.exists(hub.blob(sha)):
        return True
    if hub.config["xet"] and hub.xet.find(sha):
        if not os.path.exists(hub.blob(sha)):
            hub.put(hub.xet.read(sha))
        return True
    return False


@route("POST", r"/(?:(?P<rt>datasets|spaces)/)?(?P<ns>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/info/lfs/objects/batch")
async def lfs_batch(r, m):
    b = await r.json()
    repo = r.repo(m, write=b.get("operation") == "upload" and False)
    if b.get("operation") == "upload" and "ref" in b:       # without a ref: a PR from somebody without write access
        r.need_write(m["ns"], repo.id)
    elif r.tok is None and b.get("operation") == "upload":
        raise HubError(401, "Invalid username or password.")
    cdn, out, multi = r.hub.cdn, [], False
    for o in b["objects"]:
        e = {"oid": o["oid"], "size": o["size"], "authenticated": True}
        if b.get("operation") != "upload":
            e["actions"] = {"download": {"href": f"{cdn}/_cdn/{o['oid']}?X-Amz-Signature=test"}}
        elif not lfs_known(r.hub, repo, o["oid"]):
            exp, header = r.hub.config["exp_seconds"], {}
            href = f"{cdn}/_cdn/upload/{repo.uid}/{o['oid']}?X-Amz-Expires={exp}&X-Amz-Signature=test"
            if "multipart" in b.get("transfers", []) and o["size"] > r.hub.config["multipart_threshold"]:
                multi, uid, ch = True, uuid.uuid4().hex, r.hub.config["multipart_chunk"]
                n = -(-o["size"] // ch)
                r.hub.uploads[uid] = (o["oid"], repo)
                header = {"chunk_size": str(ch), **{str(i + 1): f"{cdn}/_cdn/part/{uid}/{i + 1}?X-Amz-Signature=test" for i in range(n)}}
                href = f"{r.base}/api/complete_multipart?uploadId={uid}"
            e["actions"] = {"upload": {"href": href, **({"header": header} if header else {})},
                            "verify": {"href": f"{r.base}/{prefix(repo)}.git/info/lfs/objects/verify"}}
        out.append(e)
    r.note = {"op": b.get("operation"), "objects": [(e["oid"][:12], e["size"], "upload" in e.get("actions", {})) for e in out], "transfers": b.get("transfers")}
    return J({"transfer": "multipart" if multi else "basic", "objects": out})


@route("POST", r"/(?:(?P<rt>datasets|spaces)/)?(?P<ns>[^/]+)/(?P<name>[^/]+?)(?:\.git)?/info/lfs/objects/verify")
async def lfs_verify(r, m):
    r.repo(m)
    if r.tok is None:
        raise HubError(401, "Invalid username or password.")
    b = await r.json()
    f = r.hub.blob(b["oid"])
    if not os.path.exists(f) or os.path.getsize(f) != b["size"]:
        raise HubError(404, "LFS object not found or size mismatch")
    return J({"message": "ok"})


@route("PUT", "/_cdn/upload/(?P<uid>[0-9a-f]{24})/(?P<oid>[0-9a-f]{64})")
async def cdn_put(r, m):
    h, tmp = hashlib.sha256(), r.hub.blob(m["oid"]) + "." + uuid.uuid4().hex
    try:
        with open(tmp, "wb") as f:
            if r.body is not None:
                f.write(r.body), h.update(r.body)
            else:
                async for b in r.stream():
                    f.write(b), h.update(b)
        if h.hexdigest() != m["oid"]:
            return 400, {"content-type": "application/xml"}, b"<Error><Code>XAmzContentSHA256Mismatch</Code></Error>"
        os.replace(tmp, r.hub.blob(m["oid"]))
        for repo in r.hub.repos.values():
            if repo.uid == m["uid"]:
                repo.lfs.add(m["oid"])
    finally:
        if os.path.exists(tmp):
            os.unlink(tmp)
    return 200, {"ETag": f'"{h.hexdigest()[:32]}"'}, b""


@route("PUT", r"/_cdn/part/(?P<uid>\w+)/(?P<n>\d+)")
async def cdn_part(r, m):
    body = await r.read()
    open(os.path.join(r.hub.data, "parts", f"{m['uid']}.{m['n']}"), "wb").write(body)
    return 200, {"ETag": f'"{hashlib.md5(body).hexdigest()}"'}, b""


@route("POST", "/api/complete_multipart")
async def complete(r, m):
    b, uid = await r.json(), r.q["uploadId"]
    h, tmp = hashlib.sha256(), r.hub.blob(b["oid"]) + ".mp"
    with open(tmp, "wb") as f:
        for p in b["parts"]:
            d = open(os.path.join(r.hub.data, "parts", f"{uid}.{p['partNumber']}"), "rb").read()
            if p["etag"].strip('"') != hashlib.md5(d).hexdigest():
                raise HubError(400, "part etag mismatch")
            f.write(d), h.update(d)
    if h.hexdigest() != b["oid"] or r.hub.uploads.get(uid, ("",))[0] != b["oid"]:
        os.unlink(tmp)
        raise HubError(400, "multipart content does not match the oid")
    os.replace(tmp, r.hub.blob(b["oid"]))
    r.hub.uploads[uid][1].lfs.add(b["oid"])
    return J({"success": True})


@route("GET", f"/api/{RT}/{ID}/xet-(?P<kind>read|write)-token/{REV}(?:/.*)?")
async def xet_token(r, m):
    if not r.hub.config["xet"]:
        raise HubError(404, "Xet storage is not enabled for this repository")
    repo = r.repo(m)
    if m["kind"] == "write":
        if r.q.get("create_pr"):
            if r.tok is None:
                raise HubError(401, "Invalid username or password.")
        else:
            r.need_write(m["ns"], repo.id)
    url, exp = "local://" + r.hub.xet.root, int(time.time()) + r.hub.config["exp_seconds"]
    return J({"casUrl": url, "accessToken": "xet_test", "exp": exp}, X_Xet_Cas_Url=url, X_Xet_Access_Token="xet_test", X_Xet_Token_Expiration=str(exp))


@route("POST", f"/api/{RT}/{ID}/commit/{REV}")
async def commit(r, m):
    rev, hub = unquote(m["rev"]), r.hub
    lines = [json.loads(l) for l in (await r.read()).split(b"\n") if l.strip()]
    head = next((l["value"] for l in lines if l["key"] == "header"), {})
    r.note = {"rev": rev, "summary": head.get("summary"), "parentCommit": head.get("parentCommit"), "create_pr": bool(r.q.get("create_pr")),
              "ops": [(l["key"], l["value"].get("path")) for l in lines if l["key"] != "header"][:300]}
    repo = r.repo(m)
    pr = bool(r.q.get("create_pr"))
    if pr:
        if r.tok is None:
            raise HubError(401, "Invalid username or password.")
        if r.tok["role"] == "read":
            raise HubError(403, "Forbidden: you must use a write token to upload to a repository.")
    else:
        r.need_write(m["ns"], repo.id)
    if not head.get("summary"):
        raise HubError(400, '"summary" is required')
    base = hub.resolve(repo, rev)
    if not pr and rev not in repo.refs:         # a tag or an oid cannot be committed to
        raise HubError(404, f"Invalid rev id: {rev}", "RevisionNotFound")
    want = head.get("parentCommit")
    if want:
        if pr:
            base = hub.resolve(repo, want)
        elif not base.oid.startswith(want):
            raise HubError(412, "A commit has happened since. Please refresh and try again.")
    files, missing = dict(base.files), []
    for l in lines:
        k, v = l["key"], l["value"]
        if k == "file":
            files[v["path"]] = hub.regular(base64.b64decode(v["content"]) if v.get("encoding", "base64") == "base64" else v["content"].encode())
        elif k == "lfsFile":
            if not lfs_known(hub, repo, v["oid"]):
                missing.append(v["path"])
                continue
            size = os.path.getsize(hub.blob(v["oid"]))
            if v.get("size") not in (None, size):
                raise HubError(400, f"LFS size mismatch for {v['path']}")
            x = hub.xet.find(v["oid"]) if hub.config["xet"] else None
            files[v["path"]] = File(git_blob(pointer(v["oid"], size)), size, v["oid"], True, x[0] if x else None)
        elif k == "deletedFile":
            if v["path"] not in files:
                raise HubError(404, f"A file with this name doesn't exist: {v['path']}", "EntryNotFound")
            del files[v["path"]]
        elif k == "deletedFolder":
            d = v["path"].rstrip("/") + "/"
            if not any(p.startswith(d) for p in files):
                raise HubError(404, f"A file with this name doesn't exist: {v['path']}", "EntryNotFound")
            files = {p: f for p, f in files.items() if not p.startswith(d)}
    if missing:
        raise HubError(400, "Your push was rejected because an LFS pointer pointed to a file that does not exist. For instance, this can happen if you "
                            "used git push --no-verify to push your changes. Offending file: - " + ", ".join(missing))
    for p in files:
        if any(p.startswith(x + "/") for x in files):
            raise HubError(400, f"{p} is both a file and a folder")
    if hub.config["strict_cards"] and any(l["key"] == "file" and l["value"].get("path") == "README.md" for l in lines):
        errors, _ = validate_card(hub.get(files["README.md"]).decode("utf-8", "replace"), repo.type)
        if errors:
            raise HubError(400, "Your push was rejected because it contains invalid YAML metadata: " + "; ".join(errors))
    new_lfs = [p for p, f in files.items() if f.lfs and p not in base.files]
    if new_lfs and ".gitattributes" in files:     # the Hub adds large files that no pattern covers
        txt = hub.get(files[".gitattributes"]).decode()
        pats = [l.split()[0] for l in txt.splitlines() if "filter=lfs" in l]
        add = [p for p in new_lfs if not pat_match(p, pats)]
        if add:
            files[".gitattributes"] = hub.regular((txt + "".join(f"{p.replace(' ', '[[:space:]]')} filter=lfs diff=lfs merge=lfs -text\n" for p in add)).encode())
    author, out = r.tok["user"], {}
    if pr:
        num = len(repo.discussions) + 1
        ref = f"refs/pr/{num}"
        repo.refs[ref] = base.oid
        oid = hub.commit(repo, ref, files, head["summary"], head.get("description", ""), author)
        repo.discussions.append(dict(num=num, title=head["summary"], pr=True, author=author, created=now(), status="open", base=rev, description=head.get("description", ""), merged=None))
        out["pullRequestUrl"] = f"{r.base}/{prefix(repo)}/discussions/{num}"
    else:
        oid = hub.commit(repo, rev, files, head["summary"], head.get("description", ""), author)
        if repo.type == "space" and rev == "main":
            repo.space.update(since=time.time(), forced=None)
    r.note["oid"] = oid
    return J({"success": True, "commitOid": oid, "commitUrl": f"{r.base}/{prefix(repo)}/commit/{oid}", "hookOutput": "", **out})


@route("POST", f"/api/{RT}/{ID}/lfs-files/duplicate")
async def dup_lfs(r, m):
    repo, b = r.repo(m), await r.json()
    ns, name = b["target"]["name"].split("/")
    target = r.repo({"rt": b["target"]["type"] + "s", "ns": ns, "name": name}, write=True)
    target.lfs |= {f["sha256"] for f in b["files"]} & ({x.sha256 for c in repo.commits.values() for x in c.files.values() if x.lfs})
    return J({"success": True, "failed": []})


# ---- pull requests
def disc(repo, d, details=False):
    ev = {"id": hashlib.sha1(f"{repo.uid}{d['num']}".encode()).hexdigest(), "author": {"name": d["author"]}, "createdAt": d["created"], "type": "comment",
          "data": {"edited": False, "hidden": False, "latest": {"raw": d["description"], "html": "", "updatedAt": d["created"], "author": {"name": d["author"]}}, "numEdits": 0}}
    o = {"num": d["num"], "title": d["title"], "author": {"name": d["author"]}, "isPullRequest": d["pr"], "status": d["status"], "createdAt": d["created"],
         "repo": {"name": repo.id, "type": repo.type}, "repoOwner": {"name": repo.id.split("/")[0]}}
    if details:
        o.update(events=[ev], filesWithConflicts=[], changes={"base": "refs/heads/" + d.get("base", "main"), "mergeCommitId": d["merged"]}, diff="")
    return o


@route("GET|POST", f"/api/{RT}/{ID}/discussions")
async def discussions(r, m):
    repo = r.repo(m)
    if r.method == "GET":
        out = [disc(repo, d) for d in reversed(repo.discussions)]
        return J({"discussions": out, "count": len(out), "start": 0, "numClosedDiscussions": 0})
    if r.tok is None:
        raise HubError(401, "Invalid username or password.")
    b = await r.json()
    num = len(repo.discussions) + 1
    repo.discussions.append(dict(num=num, title=b["title"], pr=bool(b.get("pullRequest")), author=r.tok["user"], created=now(),
                                 status="draft" if b.get("pullRequest") else "open", base="main", description=b.get("description", ""), merged=None))
    if b.get("pullRequest"):
        repo.refs[f"refs/pr/{num}"] = repo.refs["main"]
    return J({"num": num, "pullRequest": bool(b.get("pullRequest"))})


@route("GET", f"/api/{RT}/{ID}/discussions/(?P<num>\\d+)")
async def discussion(r, m):
    repo = r.repo(m)
    if not 0 < int(m["num"]) <= len(repo.discussions):
        raise HubError(404, "Discussion not found")
    return J(disc(repo, repo.discussions[int(m["num"]) - 1], True))


@route("POST", f"/api/{RT}/{ID}/discussions/(?P<num>\\d+)/(?P<what>merge|comment|status|title)")
async def discussion_act(r, m):
    repo, b = r.repo(m, write=m["what"] != "comment"), await r.json()
    d = repo.discussions[int(m["num"]) - 1]
    ev = lambda t, data: {"newComment" if t == "comment" else "newStatus" if t == "status-change" else "newTitle":
                          {"id": uuid.uuid4().hex, "type": t, "createdAt": now(), "author": {"name": r.tok["user"]}, "data": data}}
    if m["what"] == "merge":
        if d["status"] not in ("open", "draft"):
            raise HubError(400, "This pull request cannot be merged")
        main, prc = repo.commits[repo.refs["main"]], repo.commits[repo.refs[f"refs/pr/{d['num']}"]]
        fork = next((c for c in r.hub.history(repo, prc.oid) if c.oid in {x.oid for x in r.hub.history(repo, main.oid)}), None)
        if fork is None:
            raise HubError(400, "no common ancestor")
        files = dict(main.files)
        for p in set(fork.files) | set(prc.files):
            a, c2, mm = fork.files.get(p), prc.files.get(p), main.files.get(p)
            if (a and a.oid) != (c2 and c2.oid):
                if (mm and mm.oid) != (a and a.oid) and (mm and mm.oid) != (c2 and c2.oid):
                    raise HubError(409, f"Merge conflict in {p}")
                files.pop(p, None) if c2 is None else files.__setitem__(p, c2)
        d["merged"] = r.hub.commit(repo, "main", files, f"{d['title']} (#{d['num']})", author=r.tok["user"], parents=[main.oid, prc.oid])
        d["status"] = "merged"
        return J({})
    if m["what"] == "comment":
        return J(ev("comment", {"edited": False, "hidden": False, "latest": {"raw": b.get("comment", "")}}))
    if m["what"] == "status":
        d["status"] = b.get("status")
        return J(ev("status-change", {"status": d["status"]}))
    old, d["title"] = d["title"], b.get("title")
    return J(ev("title-change", {"from": old, "to": d["title"]}))


# ---- download
def send_file(r, path, headers):
    size, rng = os.path.getsize(path), re.fullmatch(r"bytes=(\d*)-(\d*)", r.headers.get("range", "").strip())
    headers.setdefault("accept-ranges", "bytes")
    a, b, status = 0, size - 1, 200
    if rng and (rng[1] or rng[2]):
        a, b = (int(rng[1]), min(int(rng[2] or size - 1), size - 1)) if rng[1] else (max(0, size - int(rng[2])), size - 1)
        if a >= size or a > b:
            return 416, {**headers, "content-range": f"bytes */{size}"}, b""
        status = 206
        headers["content-range"] = f"bytes {a}-{b}/{size}"
    headers["content-length"] = str(b - a + 1)
    return status, headers, (path, a, b + 1)


@route("GET|HEAD", r"/(?:(?P<rt>datasets|spaces)/)?(?P<ns>[^/]+)/(?P<name>[^/]+)/(?P<kind>resolve|raw)/" + REV + "/(?P<path>.+)")
async def resolve(r, m):
    if (m["rt"] is None and m["ns"] == "api"):
        raise HubError(404, "Not found")
    repo = r.repo(m)
    c = r.hub.resolve(repo, unquote(m["rev"]))
    path = unquote(m["path"])
    r.note = {"sha": c.oid, "path": path}
    f = c.files.get(path)
    h = {"X-Repo-Commit": c.oid}
    if f is None:
        raise HubError(404, "Entry not found", "EntryNotFound", h)
    if m["kind"] == "raw" and f.lfs:
        return 200, {**h, "content-type": "text/plain"}, pointer(f.sha256, f.size)
    h["content-disposition"] = f"inline; filename*=UTF-8''{quote(path.rsplit('/', 1)[-1])}"
    if f.lfs:
        if f.xet_hash and r.hub.config["xet"]:
            h["X-Xet-Hash"] = f.xet_hash
            h["Link"] = f'<{r.base}/api/{repo.type}s/{repo.id}/xet-read-token/{c.oid}>; rel="xet-auth"'
        h.update({"X-Linked-Size": str(f.size), "X-Linked-ETag": f'"{f.sha256}"', "ETag": f'"{f.sha256}"',
                  "location": f"{r.hub.cdn}/_cdn/{f.sha256}?response-content-disposition=inline&X-Amz-Signature=test"})
        return 302, {**h, "content-type": "text/plain"}, b"Found. Redirecting"
    if r.hub.config["resolve_cache"]:
        return 307, {**h, "ETag": f'"{f.oid}"', "X-Linked-ETag": f'"{f.oid}"', "X-Linked-Size": str(f.size),
                     "location": f"/api/resolve-cache/{repo.type}s/{repo.id}/{c.oid}/{quote(path, safe='')}"}, b""
    return send_file(r, r.hub.blob(f.sha256), {**h, "ETag": f'"{f.oid}"', "content-type": "text/plain; charset=utf-8"})


@route("GET|HEAD", f"/api/resolve-cache/{RT}/{ID}/(?P<rev>[0-9a-f]+)/(?P<path>.+)")
async def resolve_cache(r, m):
    repo = r.repo(m)
    c = r.hub.resolve(repo, m["rev"])
    f = c.files[unquote(m["path"])]
    return send_file(r, r.hub.blob(f.sha256), {"X-Repo-Commit": c.oid, "ETag": f'"{f.oid}"', "content-type": "text/plain; charset=utf-8"})


@route("GET|HEAD", "/_cdn/(?P<oid>[0-9a-f]{64})")
async def cdn_get(r, m):
    if not os.path.exists(r.hub.blob(m["oid"])):
        return 403, {"content-type": "application/xml"}, b"<Error><Code>AccessDenied</Code></Error>"
    return send_file(r, r.hub.blob(m["oid"]), {"ETag": f'"{m["oid"][:32]}"', "content-type": "binary/octet-stream"})


# ---- Spaces
SP = r"/api/spaces/(?P<ns>[^/]+)/(?P<name>[^/]+)/"


def space(r, m, write=True):
    repo = r.repo({"rt": "spaces", "ns": m["ns"], "name": m["name"]}, write=False)
    if write:
        try:
            r.need_write(m["ns"], repo.id)
        except HubError as e:
            raise e if e.status == 401 else HubError(403, "You must be the owner of the Space (with a write token) to do this.")
    return repo


@route("GET", SP + "runtime")
async def sp_runtime(r, m):
    d = r.hub.runtime(space(r, m, False))
    r.note = {"stage": d["stage"]}
    return J(d)


@route("POST", SP + "(?P<what>restart|pause)")
async def sp_restart(r, m):
    repo = space(r, m)
    if repo.space["sdk"] == "static":
        raise HubError(400, f"Cannot {m['what']} a static Space")
    repo.space.update(paused=m["what"] == "pause", since=time.time(), forced=None)
    if r.q.get("factory"):
        repo.space["deployed"] = None
    return J(r.hub.runtime(repo))


@route("GET|POST|DELETE", SP + "(?P<what>secrets|variables)")
async def sp_vars(r, m):
    repo = space(r, m)
    d = repo.space[m["what"]]
    if r.method != "GET":
        b = await r.json()
        r.note = {"key": b.get("key")}
        if r.method == "DELETE":
            if b["key"] not in d:
                raise HubError(404, f"{m['what'][:-1]} not found")
            del d[b["key"]]
        else:
            d[b["key"]] = {"value": b.get("value"), "description": b.get("description"), "updatedAt": now()}
        if repo.space["deployed"]:      # the Hub restarts a running Space when its environment changes
            repo.space["since"] = time.time() - r.hub.config["space_build_seconds"]
    return J({k: {"key": k, **{x: y for x, y in v.items() if x != "value" or m["what"] == "variables"}} for k, v in d.items()})


@route("POST|PUT|DELETE", SP + "(?P<what>hardware|sleeptime|dev-mode|volumes|storage)")
async def sp_set(r, m):
    repo, b = space(r, m), await r.json()
    s, w = repo.space, m["what"]
    if w == "hardware":
        s.update(hardware=b["flavor"], sleep=b.get("sleepTimeSeconds", s["sleep"]), since=time.time())
    elif w == "sleeptime":
        s["sleep"] = b["seconds"]
    elif w == "dev-mode":
        s["dev"] = bool(b.get("enabled"))
    elif w == "volumes":
        s["volumes"] = None if r.method == "DELETE" else b.get("volumes")
    return J(r.hub.runtime(repo))


@route("GET", SP + "logs/(?P<what>run|build)")
async def sp_logs(r, m):
    repo = space(r, m)
    lines = [f"===== {m['what']} log of {repo.id} =====", f"stage: {r.hub.runtime(repo)['stage']}"]
    return 200, {"content-type": "text/event-stream"}, "".join(f"data: {json.dumps({'data': l, 'timestamp': repo.created})}\n\n" for l in lines).encode()


# ---------------------------------------------------------------- ASGI
class App:
    def __init__(self, hub):
        self.hub = hub

    async def __call__(self, scope, receive, send):
        if scope["type"] == "lifespan":
            while True:
                m = await receive()
                await send({"type": m["type"] + ".complete"})
                if m["type"] == "lifespan.shutdown":
                    return
        if scope["type"] != "http":
            return
        r = Req(self.hub, scope, receive)
        if r.raw.startswith("/_") and not r.raw.startswith("/_cdn/"):
            await self.reply(send, r, *await self.admin(r))
            return
        e = {"n": len(self.hub.log), "t": round(time.time(), 3), "method": r.method, "path": unquote(r.raw), "query": r.qs, "status": None,
             "auth": None, "ua": r.headers.get("user-agent", "").split(";")[0], "fault": None}
        self.hub.log.append(e)
        if r.headers.get("range"):
            e["range"] = r.headers["range"]
        h = r.headers.get("authorization", "")
        e["auth"] = h[7:] or None
        t0 = time.time()
        try:
            fault = self.fault(r)
            if fault:
                e["fault"] = fault["id"]
            e["status"], e["sent"] = await self.handle(r, send, fault, e)
        except Drop:
            e["status"] = e["status"] or "dropped"
            cycle = getattr(receive, "__self__", None)
            if cycle is not None and getattr(cycle, "transport", None):
                cycle.transport.abort()
                cycle.disconnected = True
        finally:
            e.update(ms=round((time.time() - t0) * 1000), recv=r.nread, **({"note": r.note} if r.note else {}))

    def fault(self, r):
        for f in self.hub.faults:
            if f["regex"].search(f"{r.method} {unquote(r.raw)}" + ("?" + r.qs if r.qs else "")):
                f["seen"] += 1
                if f["seen"] > f.get("skip", 0) and (not f.get("times", 1) or f["hits"] < f.get("times", 1)):
                    f["hits"] += 1
                    return f
        return None

    async def handle(self, r, send, f, e):
        mode = f["mode"] if f else None
        if mode == "status":
            await r.read()
            body = f.get("body", {"error": f"injected {f.get('status', 500)}"})
            body = body.encode() if isinstance(body, str) else json.dumps(body).encode()
            return await self.reply(send, r, f.get("status", 500), {"content-type": "application/json", **(f.get("headers") or {})}, body)
        if mode == "drop":
            async for _ in r.stream(f.get("after_bytes", 0)):
                pass
            raise Drop()
        if mode == "delay":
            await asyncio.sleep(f.get("seconds", 1))
        if mode == "hold" and f.get("when", "before") == "before":
            await r.read()
            await self.hold(f, e)
        res = await self.dispatch(r)
        if mode == "hold" and f.get("when") == "after":
            await self.hold(f, e, status=res[0])
        if mode == "lost_ack":
            e["status"] = f"{res[0]} (answer lost)"
            if f.get("status"):
                return await self.reply(send, r, f["status"], {"content-type": "application/json"}, json.dumps({"error": "injected after success"}).encode())
            raise Drop()
        return await self.reply(send, r, *res, limit=f.get("bytes", 100) if mode == "truncate" else None)

    async def hold(self, f, e, status=None):
        e["held"] = f.get("when", "before")
        e["status"] = status and f"{status} (held)"
        f["event"] = f.get("event") or asyncio.Event()
        await f["event"].wait()
        if f.get("release_drop"):
            raise Drop()

    async def dispatch(self, r):
        try:
            for methods, rx, fn in ROUTES:
                m = rx.match(r.raw)
                if m and r.method in methods:
                    d = dict.fromkeys(("rt", "ns", "name", "rev", "path", "kind", "what", "num"))
                    d.update(m.groupdict())
                    res = await fn(r, d)
                    if r.method not in ("GET", "HEAD"):
                        self.hub.save()
                    return res
            raise HubError(404, f"hubserver: no route for {r.method} {r.raw}")
        except HubError as x:
            if r.body is None and r.method in ("POST", "PUT"):
                await r.read()
            h = {"content-type": "application/json; charset=utf-8", "X-Error-Message": x.message.encode("ascii", "replace").decode().replace("\n", " "), **x.headers}
            if x.code:
                h["X-Error-Code"] = x.code
            return x.status, h, json.dumps(x.body or {"error": x.message}).encode()
        except (KeyError, ValueError, TypeError) as x:
            import traceback
            traceback.print_exc()
            return 500, {"content-type": "application/json"}, json.dumps({"error": f"hubserver bug: {x!r}"}).encode()

    async def reply(self, send, r, status, headers, body, limit=None):
        headers = {k.lower(): v for k, v in headers.items()}
        headers.setdefault("x-request-id", "Root=1-" + uuid.uuid4().hex[:24])
        if "content-length" not in headers and not isinstance(body, tuple):
            headers["content-length"] = str(len(body))
        await send({"type": "http.response.start", "status": status, "headers": [(k.encode(), str(v).encode("latin1", "replace")) for k, v in headers.items()]})
        sent = 0
        if r.method == "HEAD":
            await send({"type": "http.response.body", "body": b""})
            return status, 0
        if isinstance(body, tuple):
            path, a, b = body
            with open(path, "rb") as f:
                f.seek(a)
                while a < b:
                    c = f.read(min(1 << 20, b - a, (limit - sent) if limit is not None else 1 << 30))
                    if not c:
                        break
                    a += len(c)
                    sent += len(c)
                    await send({"type": "http.response.body", "body": c, "more_body": True})
        else:
            c = body if limit is None else body[:limit]
            sent = len(c)
            await send({"type": "http.response.body", "body": c, "more_body": True})
        if limit is not None:
            await asyncio.sleep(0.05)
            raise Drop()
        await send({"type": "http.response.body", "body": b""})
        return status, sent

    # ---- admin
    async def admin(self, r):
        hub, b = self.hub, (await r.json() if r.method == "POST" else {})
        pub = lambda f: {k: v for k, v in f.items() if k not in ("regex", "event")}
        if r.raw == "/_log":
            if r.method == "DELETE":
                hub.log.clear()
                return J({})
            rx = re.compile(r.q.get("match", ""))
            return J([e for e in hub.log if rx.search(f"{e['method']} {e['path']}" + ("?" + e["query"] if e["query"] else ""))])
        if r.raw == "/_faults":
            if r.method == "POST":
                hub.fault_ids += 1
                f = {"mode": "status", **b, "id": hub.fault_ids, "seen": 0, "hits": 0, "regex": re.compile(b["match"])}
                hub.faults.append(f)
                return J(pub(f))
            if r.method == "DELETE":
                for f in hub.faults:
                    if f.get("event"):
                        f["event"].set()
                hub.faults.clear()
            return J([pub(f) for f in hub.faults])
        if r.raw == "/_release":
            for f in hub.faults:
                if b.get("id") in (None, f["id"]) and f["mode"] == "hold":
                    f["release_drop"] = b.get("drop", False)
                    f["event"] = f.get("event") or asyncio.Event()
                    f["event"].set()
            return J({})
        if r.raw == "/_tokens":
            for k, v in b.items():
                hub.tokens.pop(k, None) if v is None else hub.tokens.__setitem__(k, v)
            return J(hub.tokens)
        if r.raw == "/_config":
            hub.config.update(b)
            return J(hub.config)
        if r.raw == "/_space":
            repo = hub.repos["space", b["repo"]]
            if "stage" in b:
                repo.space["forced"] = b["stage"]
            if "outcome" in b:
                repo.space["outcome"] = b["outcome"] or "RUNNING"
            repo.space["error"] = b.get("errorMessage")
            return J(hub.runtime(repo))
        if r.raw == "/_reset":
            hub.reset()
            return J({})
        if r.raw == "/_state":
            return J({f"{t}s/{i}": {"visibility": x.visibility, "refs": x.refs, "tags": {k: v["oid"] for k, v in x.tags.items()},
                                    "commits": [{"oid": c.oid, "parents": c.parents, "title": c.title, "author": c.author,
                                                 "files": {p: {"size": f.size, "sha256": f.sha256, "lfs": f.lfs, "xet": f.xet_hash} for p, f in sorted(c.files.items())}}
                                                for c in x.commits.values()],
                                    "space": x.space} for (t, i), x in hub.repos.items()})
        return J({"error": "unknown admin endpoint"}, 404)


def bind(port):
    s = socket.socket()
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", port))
    return s


def make_server(hub, port=0, cdn_port=0):
    s1, s2 = bind(port), bind(cdn_port)
    hub.endpoint, hub.cdn = (f"http://127.0.0.1:{s.getsockname()[1]}" for s in (s1, s2))
    srv = uvicorn.Server(uvicorn.Config(App(hub), log_level="warning", access_log=False, timeout_keep_alive=30, ws="none"))
    return srv, [s1, s2]


class LiveHub:
    """The server in a thread of this process, for tests."""

    def __init__(self, port=0, cdn_port=0, **kw):
        self.hub, self.port, self.cdn_port = Hub(**kw), port, cdn_port

    def __enter__(self):
        self.srv, socks = make_server(self.hub, self.port, self.cdn_port)
        self.endpoint = self.hub.endpoint
        self.srv.install_signal_handlers = lambda: None
        self.thread = threading.Thread(target=self.srv.run, kwargs={"sockets": socks}, daemon=True)
        self.thread.start()
        while not self.srv.started:
            time.sleep(0.01)
        return self

    def __exit__(self, *a):
        self.call("DELETE", "/_faults")
        self.srv.should_exit = True
        self.thread.join(5)
        if self.hub.own_data:
            shutil.rmtree(self.hub.data, ignore_errors=True)

    def call(self, method, path, body=None):
        import urllib.request
        q = urllib.request.Request(self.endpoint + path, method=method, data=None if body is None else json.dumps(body).encode(), headers={"content-type": "application/json"})
        return json.load(urllib.request.urlopen(q, timeout=30))

    def fault(self, match, mode="status", **kw):
        return self.call("POST", "/_faults", {"match": match, "mode": mode, **kw})["id"]

    def faults(self):
        return self.call("GET", "/_faults")

    def clear(self, log=True, faults=True):
        log and self.call("DELETE", "/_log")
        faults and self.call("DELETE", "/_faults")

    def release(self, fid=None, drop=False):
        return self.call("POST", "/_release", {"id": fid, "drop": drop})

    def log(self, match=""):
        return self.call("GET", "/_log?match=" + quote(match))

    def wait(self, match, held=None, timeout=60):
        """wait until a logged request matches (and, if held is given, is held there)"""
        end = time.time() + timeout
        while time.time() < end:
            hit = [e for e in self.log(match) if held is None or e.get("held") == held]
            if hit:
                return hit[-1]
            time.sleep(0.05)
        raise TimeoutError(match)

    def state(self):
        return self.call("GET", "/_state")

    def env(self, home, token="hf_alice_write", xet=False):
        """environment for a client process; `home` is a fresh directory per reader"""
        e = {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(home), "HF_HUB_DISABLE_TELEMETRY": "1", "HF_HUB_DISABLE_PROGRESS_BARS": "1", "HF_HUB_DISABLE_UPDATE_CHECK": "1"}
        if token:
            e["HF_TOKEN"] = token
        if not xet:
            e["HF_HUB_DISABLE_XET"] = "1"
        return e


def main():
    a = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    a.add_argument("--port", type=int, default=8899)
    a.add_argument("--cdn-port", type=int, default=0, help="second loopback port that plays S3/the CDN (another origin, as on the real Hub)")
    a.add_argument("--data", help="blob directory (default: a temporary one)")
    a.add_argument("--persist", action="store_true", help="keep repositories in <data>/state.pickle across restarts")
    a.add_argument("--xet", action="store_true", help="offer Xet storage (hf_xet local:// store in <data>/xet)")
    a.add_argument("--token", action="append", default=[], metavar="TOKEN=USER:ROLE[:ORG,ORG]", help="add a token (ROLE: write or read)")
    a.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help=f"configuration: {', '.join(DEFAULT_CONFIG)}")
    a.add_argument("--ready-file", help="written with the endpoint once listening")
    o = a.parse_args()
    tokens = {k: dict(v) for k, v in DEFAULT_TOKENS.items()}
    for t in o.token:
        name, spec = t.split("=", 1)
        u, role, *orgs = spec.split(":")
        tokens[name] = dict(user=u, role=role, orgs=orgs[0].split(",") if orgs else [])
    conf = {k: json.loads(v) for k, v in (s.split("=", 1) for s in o.set)}
    hub = Hub(o.data, tokens, o.persist, **{**conf, **({"xet": True} if o.xet else {})})
    srv, socks = make_server(hub, o.port, o.cdn_port)
    print(f"READY {hub.endpoint} cdn {hub.cdn} data {hub.data} xet {hub.config['xet']}", flush=True)
    if o.ready_file:
        open(o.ready_file, "w").write(hub.endpoint)
    srv.run(sockets=socks)


if __name__ == "__main__":
    main()
