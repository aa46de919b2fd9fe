import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Browser, BrowserContext, BrowserContextOptions, Page } from "playwright-core";
import { demoConfig } from "../../apps/simulator/src/demo-config.ts";
import { demoYaml } from "../../apps/simulator/src/write-demo-config.ts";
import { launchBrowser } from "../kit/chromium.ts";
import { type DemoPlant, startDemoPlant } from "../kit/demo.ts";
import { type Session, signIn, startServer, throwAwayFolder } from "../kit/platform.ts";
import { root } from "../kit/processes.ts";

/** Git-ignored: what the screens looked like. */
export const pictures = join(root, "test-results/e2e");

/** The demo plant, the platform and a browser before it; one serves the whole file of tests. */
export interface Stage {
	readonly url: string;
	readonly setupCode: string;
	/** Of the server as it runs now. */
	mqttPort(): number;
	readonly plant: DemoPlant;
	readonly browser: Browser;
	/** A browser of somebody's own: its own cookies, nothing remembered. */
	visitor(options?: BrowserContextOptions): Promise<BrowserContext>;
	/** The server goes and comes back on the same port with the same data. */
	stopServer(): Promise<void>;
	startServerAgain(): Promise<void>;
	close(): Promise<void>;
}

export const desk = { width: 1440, height: 900 } as const;
export const phone = { width: 390, height: 844 } as const;

export async function openStage(name: string): Promise<Stage> {
	const { folder, remove } = throwAwayFolder(name);
	mkdirSync(pictures, { recursive: true });
	const [plant, browser] = await Promise.all([startDemoPlant(folder), launchBrowser()]);
	const files = { config: join(folder, "millwright.yaml"), data: join(folder, "data") };
	const machines = demoYaml(demoConfig(plant.ports));
	const listen = (port: number) => `http:\n  listen:\n    port: ${port}\nnamespace:\n  mqtt:\n    listen:\n      port: 0\n`;
	writeFileSync(files.config, listen(0) + machines);
	let server = await startServer(files);
	const { url, setupCode = "" } = server.ready;
	return {
		url,
		setupCode,
		mqttPort: () => server.ready.mqttPort as number,
		plant,
		browser,
		async visitor(options = {}) {
			const context = await browser.newContext({
				viewport: desk,
				locale: "en-GB",
				reducedMotion: "reduce",
				baseURL: url,
				...options,
			});
			context.setDefaultTimeout(15_000);
			return context;
		},
		stopServer: () => server.stop(),
		async startServerAgain() {
			writeFileSync(files.config, listen(Number(new URL(url).port)) + machines);
			server = await startServer(files);
		},
		async close() {
			await browser.close();
			await server.stop();
			await plant.stop();
			remove();
		},
	};
}

/** The first administrator, made over the API for tests that are not about the set-up; the browser is given the session. */
export async function enter(stage: Stage, context: BrowserContext): Promise<Session> {
	const session = await signIn({ url: stage.url, setupCode: stage.setupCode });
	const [name, value] = session.cookie.split("=") as [string, string];
	await context.addCookies([{ name, value, url: stage.url }]);
	return session;
}

/** Collects what a page complains about: errors thrown and errors written to the console. */
export function complaintsOf(page: Page): string[] {
	const complaints: string[] = [];
	page.on("pageerror", (error) => complaints.push(`thrown: ${error.message}`));
	page.on("console", (message) => {
		if (message.type() === "error" || message.type() === "warning")
			complaints.push(`${message.type()}: ${message.text()} ${message.location().url}`);
	});
	return complaints;
}
