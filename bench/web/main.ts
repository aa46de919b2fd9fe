import { parseArgs } from "node:util";
import type { Page } from "playwright-core";
import { chromiumPath, launchBrowser } from "../../test/kit/chromium.ts";
import { startDemo } from "../../test/kit/demo.ts";
import { signIn, throwAwayFolder } from "../../test/kit/platform.ts";
import { report, rounded } from "../lib/report.ts";

/**
 * The screens in a real browser: bytes of the first load, time from starting the server to the first live value on the
 * overview, and the redraw of a trend of 6 tags × 18,000 points (the product itself asks for fewer; the answer of the history is
 * replaced by one of that size, everything else is the product's own code).
 */
const { values } = parseArgs({ options: { seconds: { type: "string", default: "10" } } });
if (!chromiumPath) throw new Error("This measurement needs Chromium (apt-get install chromium)");
const tags = 6;
const points = 18_000;

declare global {
	interface Window {
		redraws: number[];
		frameTimes: number[];
	}
}

const { folder, remove } = throwAwayFolder("web");
const browser = await launchBrowser();
const began = performance.now();
const { server, stop } = await startDemo(folder);
const serving = performance.now();
const session = await signIn(server.ready);
const context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
const [name, value] = session.cookie.split("=") as [string, string];
await context.addCookies([{ name, value, url: session.url }]);
const page = await context.newPage();

const sizes = await watchBytes(page);
await page.goto(session.url);
await page.waitForFunction(
	() => ((window as unknown as { __millwright?: { frames: number } }).__millwright?.frames ?? 0) > 0,
	undefined,
	{ timeout: 60_000 },
);
const firstValue = performance.now();
await page.waitForLoadState("networkidle").catch(() => {});
const loaded = { ...sizes };

const framesPerSecond = await page.evaluate(
	(ms) =>
		new Promise<number>((resolve) => {
			let frames = 0;
			const from = performance.now();
			requestAnimationFrame(function next(now) {
				frames++;
				if (now - from >= ms) resolve((frames * 1000) / (now - from));
				else requestAnimationFrame(next);
			});
		}),
	Number(values.seconds) * 1000,
);

const redraw = await measureRedraw(await context.newPage());
report({
	name: "web",
	conditions: {
		browser: `Chromium ${browser.version()}, headless, software rendering, 1440 × 900`,
		trend: `${tags} tags × ${points} points, panned 40 times`,
		fontsKb: rounded(loaded.fonts / 1000, 1),
	},
	metrics: {
		firstLoadKbGzip: rounded(loaded.code / 1000, 1),
		startToServingSeconds: rounded((serving - began) / 1000, 2),
		startToFirstValueSeconds: rounded((firstValue - began) / 1000, 2),
		trendRedrawMs: rounded(median(redraw), 2),
		trendRedrawWorstMs: rounded(Math.max(...redraw), 2),
		framesPerSecond: rounded(framesPerSecond, 1),
	},
});
await browser.close();
await stop();
remove();
process.exit(0);

/** Bytes on the wire of what the first page needs; answers of the API are data, not load. */
async function watchBytes(watched: Page): Promise<{ code: number; fonts: number }> {
	const sum = { code: 0, fonts: 0 };
	const kinds = new Map<string, string>();
	const devtools = await context.newCDPSession(watched);
	await devtools.send("Network.enable");
	devtools.on("Network.responseReceived", ({ requestId, type, response }) => {
		if (!response.url.includes("/api/")) kinds.set(requestId, type);
	});
	devtools.on("Network.loadingFinished", ({ requestId, encodedDataLength }) => {
		const kind = kinds.get(requestId);
		if (kind === "Font") sum.fonts += encodedDataLength;
		else if (kind) sum.code += encodedDataLength;
	});
	return sum;
}

/** ms of script in each frame that redraws all charts, uPlot's deferred drawing included. */
async function measureRedraw(chartPage: Page): Promise<number[]> {
	const { assets } = await session.twin.overview({});
	const chosen = assets
		.flatMap((asset) => asset.tags.filter((tag) => tag.kind === "number").map((tag) => tag.tag))
		.slice(0, tags);
	await chartPage.route("**/api/history/trend*", (route) => {
		const until = Date.now();
		const times = Array.from({ length: points }, (_, at) => until - (points - at) * 200);
		const series = chosen.map((tag, line) => ({
			tag,
			unit: "1",
			times,
			values: times.map((_time, at) => 50 + 20 * Math.sin(at / (300 + line * 40)) + 3 * Math.sin(at * 1.7 + line)),
			quality: times.map(() => 0),
			reduced: false,
			samples: points,
		}));
		return route.fulfill({ json: { series, tookMs: 1 } });
	});
	await chartPage.addInitScript(() => {
		window.redraws = [];
		const original = window.requestAnimationFrame.bind(window);
		let frame = -1;
		let spent = 0;
		window.requestAnimationFrame = (run) =>
			original((now) => {
				if (now !== frame) {
					if (spent > 0) window.redraws.push(spent);
					frame = now;
					spent = 0;
				}
				const from = performance.now();
				run(now);
				// uPlot draws in a microtask that the callback has just queued; this one comes after it.
				queueMicrotask(() => {
					spent += performance.now() - from;
				});
			});
	});
	const query = new URLSearchParams({ tags: JSON.stringify(chosen), range: "1h" });
	await chartPage.goto(`${session.url}/history?${query}`);
	await chartPage.waitForFunction((count) => document.querySelectorAll(".chart canvas").length > 0 || count === 0, tags, {
		timeout: 30_000,
	});
	await chartPage.waitForTimeout(2000);
	await chartPage.locator(".chart").first().focus();
	await chartPage.evaluate(() => {
		window.redraws = [];
	});
	for (let pan = 0; pan < 40; pan++) {
		await chartPage.keyboard.press(pan % 2 ? "ArrowRight" : "ArrowLeft");
		await chartPage.waitForTimeout(120);
	}
	const all = await chartPage.evaluate(() => window.redraws);
	// Frames in which nothing was drawn cost microseconds.
	return all.filter((ms) => ms > 0.5);
}

function median(numbers: number[]): number {
	const sorted = numbers.toSorted((a, b) => a - b);
	return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN;
}
