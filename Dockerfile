# The gateway as a container: one script and the Deno binary, an unprivileged user, no shell tools added.
# docker build -t tieline .
# docker run --network host -v /etc/tieline:/etc/tieline:ro -v tieline:/var/lib/tieline tieline
# (--network host: multicast and the admin API on the host's loopback; otherwise publish the ports of the outputs.)
FROM node:22-bookworm-slim AS build
WORKDIR /src
COPY . .
RUN npm install --global deno@2.9.6 \
 && deno install --frozen --entrypoint main.ts \
 && deno bundle --quiet --output /out/tieline.js main.ts \
 && cp "$(deno eval 'console.log(Deno.execPath())')" /out/deno

FROM debian:bookworm-slim
RUN useradd --system --uid 8282 --home-dir /var/lib/tieline --create-home tieline
COPY --from=build /out/deno /usr/local/bin/deno
COPY --from=build /out/tieline.js /usr/local/lib/tieline.js
USER tieline
VOLUME /var/lib/tieline
ENV DENO_NO_UPDATE_CHECK=1 DENO_NO_PACKAGE_JSON=1 DENO_DIR=/tmp/deno MALLOC_MMAP_THRESHOLD_=65536
ENTRYPOINT ["deno", "run", "--v8-flags=--max-semi-space-size=4,--heap-growing-percent=50", "--quiet", "--no-config", "--no-lock", "--cached-only", "--no-prompt", "--unstable-net", \
  "--allow-net", "--allow-read", "--allow-write=/var/lib/tieline,/tmp", "--allow-env", "--allow-ffi", \
  "--allow-sys=hostname,networkInterfaces,systemMemoryInfo,osRelease,statfs,loadavg,osUptime", "/usr/local/lib/tieline.js"]
CMD ["run", "/etc/tieline/tieline.toml"]
