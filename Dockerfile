# Builds on what tools/packages.sh lists, as everything else does.
FROM debian:12 AS build
COPY tools/packages.sh /src/tools/
RUN apt-get update && apt-get install -y --no-install-recommends $(bash /src/tools/packages.sh list build)
COPY . /src
RUN cd /src && tools/build release stele && strip build/release/stele

FROM debian:12
COPY tools/packages.sh /tmp/
RUN apt-get update && apt-get install -y --no-install-recommends $(bash /tmp/packages.sh list run) \
 && rm -rf /var/lib/apt/lists/* /tmp/packages.sh \
 && useradd --system --home-dir /var/lib/stele --create-home stele
COPY --from=build /src/build/release/stele /usr/local/bin/
USER stele
VOLUME /var/lib/stele
EXPOSE 9092
# Clients are told the address they reached. Where that is not the container's own (-p on another port, Docker Desktop),
# tell them: -e STELE_ADVERTISED_LISTENERS=PLAINTEXT://127.0.0.1:9092
ENV STELE_DATA_DIR=/var/lib/stele STELE_LISTENERS=PLAINTEXT://0.0.0.0:9092
HEALTHCHECK --interval=5s --timeout=4s --start-period=10s CMD ["stele", "ping", "--ready"]
ENTRYPOINT ["stele"]
# There is no authentication yet: publish the port on 127.0.0.1 only (README.md).
CMD ["serve"]
