"""Installs what the lock files hold into the Python that runs it: `python -m scripts.install EXTRAS`.

For scripts/setup: only the standard library is there yet. pip checks every file against the hashes that are
written down.

On Linux, PyTorch as the registry has it is the build for CUDA, several GiB. Without an NVIDIA GPU it is never
taken: first pip is asked for the CPU build (from TORCH_INDEX, or wherever it is told to look), then uv, which
knows where PyTorch's makers keep theirs. EASEL_DEVICE (cpu, cuda) decides in place of what this machine has.
"""

import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Final, Protocol

ROOT: Final = Path(__file__).parents[1]
FOR_ALL: Final = ("requirements.lock", "requirements-setup.lock")
FOR_CHECKS: Final = "requirements-test.lock"
FOR_CPUS: Final = "requirements-cpu.lock"
"""Its torch is the CPU build, with the hash of the one file that was at hand: for RECORDED."""
RECORDED: Final = ((3, 11), "x86_64")
OF_CUDA: Final = re.compile(r"nvidia-(?!ml-py$)|cuda-|triton$")
UNFOUND: Final = "No matching distribution found"
CONFLICT: Final = "ResolutionImpossible"
LOOSE: Final = "Some locked versions are not to be had here: what pyproject.toml allows is taken, unchecked."
NO_TORCH: Final = """
This machine has no NVIDIA GPU, and PyTorch's build for CPUs could not be fetched. Check the network and run
this again, or put the address of an index with PyTorch's CPU builds into TORCH_INDEX. EASEL_DEVICE=cuda takes
the build for NVIDIA GPUs, which paints on a CPU too, and is several GiB."""


class Run(Protocol):
    """Runs a command, and shows how far it is; returns its exit status, and its last lines."""

    def __call__(self, command: Sequence[str], *, of: int) -> tuple[int, str]: ...


def packages(file: Path) -> dict[str, str]:
    """Each package of a lock file with its lines; there may be several versions, for several Pythons."""
    found: dict[str, str] = {}
    for lines in re.findall(r"^[A-Za-z0-9].*(?:\n +.*)*\n", file.read_text(encoding="utf-8"), re.MULTILINE):
        name = lines.partition("==")[0].partition("[")[0]
        found[name] = found.get(name, "") + lines
    return found


def has_gpu() -> bool:
    """Whether NVIDIA's driver is at work."""
    if Path("/proc/driver/nvidia/version").exists():
        return True
    asked = shutil.which("nvidia-smi")
    return (
        asked is not None and not subprocess.run([asked, "-L"], capture_output=True, check=False).returncode
    )


def takes_cpu_build(system: str, device: str, gpu: Callable[[], bool] = has_gpu) -> bool:
    """Whether PyTorch as the registry has it is the wrong one. device: EASEL_DEVICE."""
    if system != "Linux" or device.startswith("cuda"):
        return False
    return device == "cpu" or not gpu()


def wanted(extras: Iterable[str], *, cpu: bool, root: Path = ROOT) -> dict[str, str]:
    """What comes from the registry. cpu: without torch, and without what only CUDA needs."""
    files = [*FOR_ALL, *([FOR_CHECKS] if "test" in extras else [])]
    found = {name: lines for file in files for name, lines in packages(root / file).items() if name != "uv"}
    if not cpu:
        return found
    return {name: lines for name, lines in found.items() if name != "torch" and not OF_CUDA.match(name)}


def cpu_torch(python: tuple[int, int], machine: str, *, root: Path = ROOT) -> str:
    """The CPU build, as a line of requirements; with its hash where that is written down."""
    lines = packages(root / FOR_CPUS)["torch"]
    return lines if (python, machine) == RECORDED else lines.split(" ")[0] + "\n"


def install(
    extras: Sequence[str], *, cpu: bool, run: Run, environment: Mapping[str, str], root: Path = ROOT
) -> None:
    """Packages first, then torch where it comes from elsewhere, then Easel itself, which needs no download.

    Where some version cannot be had, all are chosen anew, and not checked; a wrong hash is an error.

    Raises:
        SystemExit: something could not be installed.
    """
    found = wanted(extras, cpu=cpu, root=root)
    with tempfile.TemporaryDirectory() as folder:

        def written(name: str, text: str) -> list[str]:
            file = Path(folder) / name
            file.write_text(text, encoding="utf-8")
            return ["--no-deps", *(["--require-hashes"] if "--hash" in text else []), "-r", str(file)]

        status, told = run(pip(*written("packages", "".join(found.values()))), of=len(found))
        if status and (UNFOUND in told or CONFLICT in told):  # a mirror, or constraints of this machine
            tell(LOOSE)
            must(run, pip("--editable", f"{root}[{','.join(extras)}]"), of=len(found))
            return
        if status:
            sys.exit(told)
        if cpu:
            torch = written("torch", cpu_torch(sys.version_info[:2], platform.machine(), root=root))
            index = environment.get("TORCH_INDEX")
            status, told = run(pip(*torch, *(["--index-url", index] if index else [])), of=1)
            if status and UNFOUND not in told:
                sys.exit(told)
            if status:
                must(run, pip(*written("uv", packages(root / FOR_ALL[1])["uv"])), of=1)
                uv = [str(Path(sys.executable).with_name("uv")), "pip", "install", "--python", sys.executable]
                status, told = run([*uv, "--torch-backend", "cpu", *torch], of=1)
                if status:
                    sys.exit(told + NO_TORCH)
        must(run, pip("--no-deps", "--no-build-isolation", "--editable", str(root)), of=1)
        must(run, [sys.executable, "-m", "pip", "check"], of=0)


def pip(*arguments: str) -> list[str]:
    start = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off"]
    return [*start, *arguments]


def must(run: Run, command: Sequence[str], *, of: int) -> None:
    status, told = run(command, of=of)
    if status:
        sys.exit(told)


def shown(command: Sequence[str], *, of: int) -> tuple[int, str]:
    """A `Run` that says on stderr which package is under way; of: how many there are."""
    lines: list[str] = []
    seen: set[str] = set()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as running:
        assert running.stdout is not None
        for line in running.stdout:
            lines.append(line)
            match line.split():
                case ["Collecting", name, *_] | ["Obtaining", "dependency", "information", "for", name, *_]:
                    seen.add(name)
                    tell(f"{len(seen)} of {of}: {name.partition('==')[0]}")
                case ["Downloading", address, *size]:
                    tell(f"{len(seen)} of {of}: {address.rpartition('/')[2]} {' '.join(size)}")
                case ["Installing", "collected", "packages:", *names]:
                    tell(f"unpacking {' '.join(names[:3])}{' and more' * (len(names) > 3)}")
    tell("")
    return running.returncode, "".join(lines[-20:])


def tell(text: str) -> None:
    """On a terminal each line takes the place of the one before."""
    if sys.stderr.isatty():
        print(f"\r\033[K  {text}"[: shutil.get_terminal_size().columns], end="", file=sys.stderr, flush=True)
    elif text:
        print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    device = os.environ.get("EASEL_DEVICE", "auto")
    cpu = takes_cpu_build(platform.system(), device)
    print(f"PyTorch: the build for {'CPUs' if cpu else 'this system, with CUDA on Linux'}.", file=sys.stderr)
    install(sys.argv[1].split(","), cpu=cpu, run=shown, environment=os.environ)
