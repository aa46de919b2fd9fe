import { createReadStream, createWriteStream } from "node:fs";
import { readdir, stat } from "node:fs/promises";
import { join, resolve } from "node:path";
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
			folder = resolve(config.root, config.build.outDir);
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

const inPackage = (...names: string[]): RegExp => new RegExp(`node_modules/(?:${names.join("|")})/`);

/**
 * Few files for the first page, because each costs a round trip and a kilobyte of headers: what every page needs in one,
 * the widgets of dialogs and menus in a second, loaded with the first of them.
 */
const groups = [
	{
		name: "base",
		test: (id: string) =>
			inPackage(
				"react",
				"react-dom",
				"scheduler",
				"use-sync-external-store",
				"clsx",
				"zod",
				"i18next",
				"react-i18next",
				"@tanstack/(?:react-router|router-core|history|react-query|query-core|store|react-store)",
				"@mantine/core/esm/(?:core|components/(?:Button|ActionIcon|Kbd|Loader|Transition|UnstyledButton))",
				"@tabler/icons-react/dist/esm",
				"@mantine/hooks",
			).test(id) ||
			/(?:base\/core\/src|(?:1-sense|4-twin|access)\/src\/api)/.test(id) ||
			/apps\/web\/src\/app\/(?:i18n|mark|navigation|session|sidebar)\.tsx?$/.test(id) ||
			(/apps\/web\/src\/(?:data|parts\/[a-z-]+\.tsx?$)/.test(id) &&
				!/(?:drawer|picker|confirm|write-value|export-menu|diff-view|lineage-steps|tag-picker|copy-button|-client)/.test(id)),
	},
	// The door needs a field for a name and one for a password, not menus and dialogs.
	{ name: "fields", test: inPackage("@mantine/core/esm/components/(?:Input|InputBase|TextInput|PasswordInput)") },
	{
		name: "widgets",
		test: inPackage(
			"@mantine/core",
			"@floating-ui",
			"react-remove-scroll",
			"react-remove-scroll-bar",
			"use-sidecar",
			"use-callback-ref",
			"react-style-singleton",
			"get-nonce",
			"tslib",
			"react-number-format",
			"react-textarea-autosize",
		),
	},
];

// In development the screens come from here and everything else from a running server.
const server = process.env.MILLWRIGHT_SERVER ?? "http://127.0.0.1:8080";

export default defineConfig({
	plugins: [react(), packed()],
	// Small pictures and fonts stay files: `data:` has no place in a strict policy.
	build: {
		target: "es2022",
		assetsInlineLimit: 0,
		modulePreload: { polyfill: false },
		cssCodeSplit: false,
		chunkSizeWarningLimit: 700,
		rolldownOptions: { output: { codeSplitting: { groups } } },
	},
	server: {
		host: "127.0.0.1",
		proxy: { "/api": { target: server, ws: true, changeOrigin: true } },
	},
});
