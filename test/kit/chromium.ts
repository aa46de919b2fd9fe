import { spawnSync } from "node:child_process";
import { type Browser, chromium } from "playwright-core";

/** The machine's Chromium; undefined where there is none. */
export const chromiumPath: string | undefined = ["chromium", "chromium-browser", "google-chrome"]
	.map((name) => spawnSync("which", [name], { encoding: "utf8" }).stdout.trim())
	.find(Boolean);

/** Without the background flags Chromium knocks at hosts of its maker's. */
export const launchBrowser = (): Promise<Browser> =>
	chromium.launch({
		executablePath: chromiumPath as string,
		args: [
			"--no-sandbox",
			"--disable-gpu",
			"--disable-quic",
			"--no-first-run",
			"--disable-background-networking",
			"--disable-component-update",
			"--disable-sync",
		],
	});
