# The production image: one image for web, worker, beat and migrations; configured by the environment alone.

FROM python:3.11-slim AS packages
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/venv
COPY requirements.txt /tmp/requirements.txt
# Wheels only: nothing is compiled, so no compiler is needed and none can be asked for by surprise.
RUN /opt/venv/bin/pip install --only-binary :all: --requirement /tmp/requirements.txt

FROM python:3.11-slim
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DJANGO_SETTINGS_MODULE=accessgov.settings \
    ACCESSGOV_MODE=production \
    ACCESSGOV_VAR_DIR=/var/lib/accessgov \
    PORT=8000
RUN groupadd --gid 10001 accessgov \
 && useradd --uid 10001 --gid accessgov --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin accessgov \
 && install -d -o accessgov -g accessgov /var/lib/accessgov
COPY --from=packages /opt/venv /opt/venv
WORKDIR /srv/accessgov
COPY . .
# Readable whatever umask the sources were checked out with.
# Static files are part of the image. The settings refuse to load without secrets: these live for this one command.
RUN chmod -R u=rwX,go=rX . \
 && python -m compileall -q . \
 && ACCESSGOV_BASE_URL=https://build.invalid \
    ACCESSGOV_SECRET_KEY="$(python -c 'import secrets; print(secrets.token_urlsafe(64))')" \
    ACCESSGOV_ENCRYPTION_KEYS="$(python -c 'from cryptography.fernet import Fernet as F; print(F.generate_key().decode())')" \
    DATABASE_URL=sqlite://:memory: \
    python manage.py collectstatic --no-input --verbosity 0
USER accessgov
EXPOSE 8000
STOPSIGNAL SIGTERM
CMD ["sh", "-c", "exec gunicorn accessgov.wsgi:application --bind 0.0.0.0:$PORT --workers ${ACCESSGOV_WEB_WORKERS:-3} --threads 4 --worker-tmp-dir /dev/shm --no-control-socket --max-requests 5000 --max-requests-jitter 500 --graceful-timeout 30 --access-logfile - --forwarded-allow-ips '*'"]
