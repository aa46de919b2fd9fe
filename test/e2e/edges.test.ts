import { writeFileSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { join } from "node:path";
import type { Locator, Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { chromiumPath } from "../kit/chromium.ts";
import { throwAwayFolder } from "../kit/platform.ts";
import { type Running, root, startProgram } from "../kit/processes.ts";
import { isSound, settled } from "./checks.ts";
import { appears, changes, fillIn, goTo, isHatched, keep, patience, says, shown, tellInOrder, vanishes } from "./screens.ts";
import { desk, enter, openStage, phone, type Stage } from "./stage.ts";

const place = "northworks/building-a/line-3/palletizer-9";

/** The line between a box and the centre, which can be cut. */
function createLine(to: () => number) {
	const sockets = new Set<Socket>();
	let isCut = false;
	let server: Server | undefined;
	return {
		open: () =>
			new Promise<number>((resolve) => {
				const listening = createServer((near) => {
					if (isCut) return void near.destroy();
					const far = connect(to(), "127.0.0.1");
					for (const socket of [near, far]) {
						sockets.add(socket);
						socket.on("error", () => {});
						socket.once("close", () => {
							near.destroy();
							far.destroy();
							sockets.delete(socket);
						});
					}
					near.pipe(far).pipe(near);
				}).listen(0, "127.0.0.1", () => resolve((listening.address() as { port: number }).port));
				server = listening;
			}),
		cut() {
			isCut = true;
			for (const socket of sockets) socket.destroy();
		},
		mend() {
			isCut = false;
		},
		async close() {
			await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
		},
	};
}

describe.skipIf(!chromiumPath)("a box beside the machine, in a browser (needs Chromium)", { timeout: 60_000 }, () => {
	let stage: Stage;
	let page: Page;
	let edge: Running<unknown> | undefined;
	const { folder, remove } = throwAwayFolder("box");
	const line = createLine(() => stage.mqttPort());
	const row = (): Locator => page.getByRole("row", { name: /Palletizing/ });
	/** Sent and stored numbers of its one connection, from the open drawer. */
	const counts = async (): Promise<{ sent: number; stored: number; missing: number; lost: number }> => {
		const cells = await page
			.getByRole("dialog")
			.getByRole("row", { name: /palletizer/ })
			.getByRole("cell")
			.allInnerTexts();
		const [sent = -1, stored = -2, , missing = -1, lost = -1] = cells.slice(2).map((text) => Number(text.replaceAll(",", "")));
		return { sent, stored, missing, lost };
	};

	tellInOrder(() => page);
	beforeAll(async () => {
		stage = await openStage("edges");
		const context = await stage.visitor();
		await enter(stage, context);
		page = await context.newPage();
		await page.goto("/edges");
	}, 60_000);
	afterAll(async () => {
		await edge?.stop();
		line.cut();
		await line.close();
		await stage?.close();
		remove();
	}, 60_000);

	test("the empty fleet says what to do; a gateway is let in for a place, and its key is shown once with a first edge.yaml", async () => {
		await says(page.getByRole("main"), /No gateway yet[\s\S]*Admit it here[\s\S]*Start it/);
		await page.getByRole("button", { name: "Admit a gateway" }).click();
		const form = page.getByRole("dialog", { name: "Admit a gateway" });
		await fillIn(form, {
			Name: "palletizing",
			Title: "Palletizing",
			"May own the tags below": place,
			Reason: "a box for line 3",
		});
		await isSound(page);
		await form.getByRole("button", { name: "Admit a gateway" }).click();
		const given = page.getByRole("dialog", { name: "Key of palletizing" });
		await says(
			given,
			/shown once[\s\S]*MILLWRIGHT_SECRET_UPLINK=mwg_[\s\S]*gateway: palletizing[\s\S]*Waiting for its first sign/,
		);
		await keep(page, "story-gateway-key");
		await isSound(page);
		const key = /mwg_\S+/.exec(await shown(given))?.[0] as string;
		const offered = await shown(given.getByRole("region", { name: /^edge\.yaml/ }));

		const config = join(folder, "edge.yaml");
		const url = `mqtt://127.0.0.1:${await line.open()}`;
		const machine = `palletizer:
      driver: modbus
      settings: { host: 127.0.0.1, port: ${stage.plant.ports["palletizer-9"]} }
      every: 100ms
      tags:
        ${place}/state: { address: { register: 0, type: uint16 }, kind: integer }
        ${place}/energy: { address: { register: 16, type: float32, order: CDAB }, unit: kW.h }`;
		const lines = offered.replace(/press:[\s\S]*unit: kN \}/, machine).replace(/mqtt:\/\/\S+/, url);
		expect(lines).toContain(`gateway: palletizing`);
		writeFileSync(config, lines);
		edge = await startProgram(
			join(root, "apps/edge/src/main.ts"),
			["--config", config, "--data", join(folder, "data"), "--ready-json"],
			{ env: { MILLWRIGHT_SECRET_UPLINK: key } },
		);
		await says(given, /It is connected/);
		await given.getByRole("button", { name: "Done" }).click();
		await vanishes(given);
		expect(await page.content()).not.toContain(key);
	});

	test("it is in the fleet, connected, its values flow, its clock is right", async () => {
		await says(row(), /Connected/);
		await says(page.getByRole("main"), /Gateways connected\s*1 of 1\s*every one is there/);
		await row().getByRole("button", { name: "Palletizing" }).click();
		const about = page.getByRole("dialog");
		await says(about, /palletizer\s*every sample/);
		await changes(about.getByRole("row", { name: /palletizer/ }));
		await keep(page, "story-gateway");
		await isSound(page);
		await page.keyboard.press("Escape");
		await vanishes(about);
	});

	test("with its line cut it is away and looks so, with the time of its last sign", async () => {
		line.cut();
		await says(row(), /Away[\s\S]*\d\d:\d\d/);
		expect(await isHatched(row())).toBe(true);
		await says(page.getByRole("main"), /1 is away; it keeps what it reads/);
		await keep(page, "story-gateway-away");
		await isSound(page);
		await page.setViewportSize(phone);
		await settled(page);
		await keep(page, "story-gateway-away-phone");
		await isSound(page);
		await page.setViewportSize(desk);
	});

	test("back again, what it kept comes up, and nothing is missing", async () => {
		await row().getByRole("button", { name: "Palletizing" }).click();
		await expect.poll(async () => (await counts()).sent, patience).toBeGreaterThan(0);
		const before = await counts();
		line.mend();
		await expect.poll(async () => (await counts()).stored, { timeout: 30_000 }).toBeGreaterThan(before.stored + 50);
		await expect.poll(counts, patience).toMatchObject({ missing: 0, lost: 0 });
		await page.keyboard.press("Escape");
		await says(row(), /Connected/);
		await edge?.stop();
		edge = undefined;
		await goTo(page, "Ledger");
		await says(page.getByRole("row", { name: /palletizing\/palletizer/ }), /0\s*(yes|with its next sign)\s*$/);
		await says(page.getByRole("main"), /Nothing lost/);
		await appears(page.locator(".strip"));
	});
});
