#!/usr/bin/env bash
# Installs the reference trainer beside us, in an environment of its own, for comparisons only.
#
#   bash bench/rave/install.sh FOLDER
#
# The reference (acids-rave 2.3.1) is licensed for non-commercial use: it is run, never imported,
# and nothing of it enters this repository. Running the script again changes nothing.
# Ends with 0 when `FOLDER/venv/bin/rave` works, with 3 when a package cannot be had.
# TORCH_FROM=VENV takes torch from an environment that has the same one, once VENV/ready is there,
# instead of unpacking it a second time.
set -uo pipefail
folder=${1:?"say where: bash bench/rave/install.sh FOLDER"}
mkdir -p "$folder" && folder=$(cd "$folder" && pwd)
venv=$folder/venv
export PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore

if [ -e "$venv/installed" ]; then echo "the reference is installed in $venv"; exit 0; fi
python=${PYTHON:-$(command -v python3.11 || true)}
if [ -z "$python" ] || ! "$python" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))'; then
  echo "the reference needs Python 3.11, which this machine lacks; nothing was installed"; exit 3
fi
[ -x "$venv/bin/python" ] || "$python" -m venv "$venv" || exit 3

try() {
  if ! "$venv/bin/pip" install --quiet --no-compile "$@" >"$folder/pip.log" 2>&1; then
    echo "the reference cannot be installed here: pip install $* failed (see $folder/pip.log)"; exit 3
  fi
}
[ -n "${TORCH_FROM:-}" ] || try torch==2.13.0 ${TORCH_INDEX:+--index-url "$TORCH_INDEX"}
try numpy==1.26.4 scipy==1.10.0 gin-config==0.5.0 einops librosa scikit-learn tqdm absl-py requests \
  pyyaml tensorboard soundfile lmdb flask imageio-ffmpeg
# Their own pins clash with this torch, so they come without their dependencies.
try --no-deps acids-rave==2.3.1 cached-conv==2.5.0 nn-tilde udls GPUtil pytorch-lightning==1.9.0 \
  torchmetrics lightning-utilities torchaudio==2.11.0
try 'setuptools<81' 'numpy==1.26.4' # pkg_resources is gone from later ones
site=$("$venv/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])')
# Compiled against another torch: it works without them, and does not load with them.
find "$site/torchaudio" -name '*.so' -delete
if [ -n "${TORCH_FROM:-}" ]; then
  until [ -e "$TORCH_FROM/ready" ]; do sleep 1; done
  # Behind the packages of its own, which so go before those of that environment.
  "$TORCH_FROM/bin/python" -c 'import sysconfig; print(sysconfig.get_paths()["purelib"])' >"$site/torch-from.pth"
fi

# Its preprocessing calls ffmpeg and asks ffprobe one thing: the number of channels.
ln -sf "$(find "$site/imageio_ffmpeg/binaries" -name 'ffmpeg-*' | head -1)" "$venv/bin/ffmpeg"
cat >"$venv/bin/ffprobe" <<PROBE
#!$venv/bin/python
import sys
import soundfile
path = sys.argv[sys.argv.index("-i") + 1]
print(f"[STREAM]\nchannels={soundfile.info(path).channels}\n[/STREAM]")
PROBE
chmod +x "$venv/bin/ffprobe"
if ! "$venv/bin/rave" export --helpshort >"$folder/rave.log" 2>&1 && ! grep -q -- '--run' "$folder/rave.log"; then
  echo "the reference was installed but does not start (see $folder/rave.log)"; exit 3
fi
touch "$venv/installed"
echo "the reference is installed in $venv"
