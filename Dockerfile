# One image for every service but the trainer, which has more in it; the command says
# which service it is (see docker-compose.yml).
# 3.11: the Python that the tests run on.
FROM python:3.11-slim-bookworm

ENV PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    PIP_NO_CACHE_DIR=1 \
    PIP_DISABLE_PIP_VERSION_CHECK=1 \
    HOST=0.0.0.0 \
    PORT=8000 \
    DATA_DIR=/data

WORKDIR /app
# First, so that a change of the code does not install everything anew.
COPY requirements.txt requirements-train.txt ./
RUN pip install -r requirements.txt
# The image that trains on audio is larger by some gigabytes: --build-arg TRAINING=1
ARG TRAINING=
RUN [ -z "$TRAINING" ] || pip install -r requirements-train.txt

COPY . .
# The volume takes its owner from the folder that is there.
RUN useradd --system --uid 10001 --home-dir /data --shell /usr/sbin/nologin speechstudio \
    && install -d -m 700 -o speechstudio -g speechstudio /data
USER speechstudio
VOLUME /data
EXPOSE 8000

# Alone, the image is the whole studio, as `make run` is.
CMD ["python", "-m", "speechstudio.up"]
