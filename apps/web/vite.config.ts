import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { constants, createGzip } from "node:zlib";
import react from "@vitejs/plugin-react";
import { defineConfig, type Plugin } from "vite";

const worthPacking = /\.(?:js|css|html|svg|json|txt)$/;
const smallest = 1024;

/** Writes `file.gz` beside every text file, so that the server sends bytes it never had to pack. */
function packed(): Plugin {
	let folder = "dist";
	return {
		name: "millwright-packed",
		apply: "build",
		configResolved(config) {
			folder = join(config.root, config.build.outDir);
		},
		async closeBundle() {
			for (const entry of await readdir(folder, { recursive: true })) {
				const file = join(folder, entry);
				const found = await stat(file);
				if (!found.isFile() || found.size < smallest || !worthPacking.test(file)) continue;
				await pipeline(
					createReadStream(file),
					createGzip({ level: constants.Z_BEST_COMPRESSION }),
					createWriteStream(`${file}.gz`),
				);
			}
		},
	};
}

// In development the screens come from here and everything else from a running server.
const server = process.env.MILLWRIGHT_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
	plugins: [react(), packed()],
	// Small pictures and fonts stay files: `data:` has no place in a strict policy.
	build: { target: "es2022", assetsInlineLimit: 0, modulePreload: { polyfill: false }, chunkSizeWarningLimit: 600 },
	server: {
		host: "127.0.0.1",
		proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
	},
});
