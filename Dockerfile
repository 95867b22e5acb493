# syntax=docker/dockerfile:1
# Easel's image: the bot and its workers, with all weights inside. docs/operations.md says how to run it.
#
#   docker build -t easel .                                           any CPU
#   docker build -t easel:cuda --build-arg DEVICE=cuda .              NVIDIA GPUs, with the container toolkit
#
# PyPI's PyTorch brings CUDA's libraries along; TORCH_INDEX may name PyTorch's own index of CPU wheels instead.
ARG PYTHON=3.12
ARG DEVICE=cpu

FROM python:${PYTHON}-slim-bookworm AS base
ENV PATH=/opt/easel/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1

FROM base AS builder
ENV PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/easel
WORKDIR /src

# CUDA's libraries are packages of their own, and are left out if PyTorch does not need them.
FROM builder AS torch-cpu
ARG TORCH_INDEX=
COPY pyproject.toml requirements.loc[k] ./
RUN if [ -n "$TORCH_INDEX" ]; then \
        pip install --no-cache-dir --index-url "$TORCH_INDEX" "torch>=2.6,<2.14" "torchvision>=0.21,<0.29" \
        && if [ -f requirements.lock ]; then \
            sed -i -E '/^nvidia-ml-py==/b; /^(nvidia-|cuda-|triton==|torch==|torchvision==)/,/[^\\]$/d' requirements.lock; \
        fi; \
    fi

FROM builder AS torch-cuda
COPY pyproject.toml requirements.loc[k] ./

# With requirements.lock each package is the one whose hash is recorded; without it, the newest that fits.
# hadolint ignore=DL3006
FROM torch-${DEVICE} AS installed
WORKDIR /src
RUN if [ -f requirements.lock ]; then \
        pip install --no-cache-dir --require-hashes --no-deps -r requirements.lock; \
    fi
COPY README.md LICENSE NOTICE ./
COPY bot bot
COPY nst_core nst_core
COPY migrations migrations
# hadolint ignore=DL3013
RUN pip install --no-cache-dir ".[bot]" && pip check

FROM base AS easel
ARG DEVICE
LABEL org.opencontainers.image.title="Easel" \
      org.opencontainers.image.description="A Discord bot that paints a picture in the style of another" \
      org.opencontainers.image.licenses="MIT"
RUN groupadd --gid 10001 easel \
    && useradd --uid 10001 --gid easel --no-create-home --home-dir /data --shell /usr/sbin/nologin easel \
    && install -d -o easel -g easel -m 700 /data
COPY --from=installed /opt/easel /opt/easel
# All addresses inside the container are its own; the compose files publish none of its ports.
ENV EASEL_DATA_DIR=/data \
    EASEL_DEVICE=${DEVICE} \
    EASEL_WEB_HOST=0.0.0.0 \
    HOME=/tmp \
    NVIDIA_DRIVER_CAPABILITIES=compute,utility \
    XDG_CACHE_HOME=/tmp/cache
USER 10001:10001
WORKDIR /data
VOLUME /data
EXPOSE 8787
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=15s --timeout=5s --start-period=60s --retries=4 \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8787/healthz', timeout=4)"]
ENTRYPOINT ["easel"]
CMD ["run"]
