# The program as docker-compose.yml runs it. The last stage is the one that runs; the others do not reach it.

FROM node:24-slim AS browser-libraries
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --ignore-scripts && npm run vendor

FROM python:3.13-slim AS packages
COPY requirements.txt ./
RUN python -m venv /opt/pdi \
    && /opt/pdi/bin/pip install --no-cache-dir --require-hashes -r requirements.txt

# docker compose up tests
FROM python:3.13-slim AS tests
RUN apt-get update && apt-get install -y --no-install-recommends git && rm -rf /var/lib/apt/lists/*
WORKDIR /src
COPY . .
CMD ["./pdi", "test"]

FROM python:3.13-slim AS pdi
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin pdi \
    && install -d -o pdi -g pdi -m 0700 /var/lib/pdi
COPY --from=packages /opt/pdi /opt/pdi
WORKDIR /srv/pdi
COPY app app
COPY analysis analysis
COPY migrations migrations
COPY coupon_templates coupon_templates
COPY --from=browser-libraries /src/app/web/static/vendor app/web/static/vendor
RUN /opt/pdi/bin/python -m compileall -q app analysis migrations
ENV PATH=/opt/pdi/bin:$PATH PYTHONUNBUFFERED=1 PDI_DATA_DIR=/var/lib/pdi PDI_HOST=0.0.0.0
USER pdi
VOLUME /var/lib/pdi
EXPOSE 8000
ENTRYPOINT ["python", "-m", "app.cli"]
CMD ["serve"]
