# The whole API on one machine: see docs/self-hosting.md.
FROM rust:1.95-bookworm AS build
WORKDIR /src
COPY . .
RUN cargo build --locked --profile server -p pastpaper \
    && install -D -m 755 target/server/pastpaper /out/pastpaper \
    && install -d -m 700 /out/data

# glibc without a shell or a package manager.
FROM gcr.io/distroless/cc-debian12:nonroot
COPY --from=build /out/pastpaper /usr/local/bin/pastpaper
COPY --from=build --chown=65532:65532 /out/data /data
USER 65532:65532
VOLUME ["/data"]
EXPOSE 8787
HEALTHCHECK --interval=30s --timeout=6s --start-period=10s CMD ["/usr/local/bin/pastpaper", "health"]
ENTRYPOINT ["/usr/local/bin/pastpaper"]
CMD ["serve", "--host", "0.0.0.0", "--data", "/data/db", "--empty"]
