import { mkdirSync } from "node:fs";
import {
	asMillwrightError,
	CertificateUntrusted,
	type Clock,
	type Driver,
	type DriverSession,
	isGood,
	type Log,
	MillwrightError,
	Quality,
	type TagDirectory,
} from "@millwright/core";
import { createBackoff } from "@millwright/runtime";
import type { ConnectionSettings, ConnectionState, ConnectionStatus, Ledger } from "../api.ts";
import { createRefusals, type Refusals } from "../blocks/refusals.ts";
import type { LaneTally } from "../ledger.ts";
import type { TagPlan } from "../settings/expand.ts";
import { resolveEnvironment } from "../settings/secrets.ts";
import type { ConnectionTrust } from "../trust.ts";
import { dial, hangUp } from "./dial.ts";
import { createConnectionFigures } from "./figures.ts";
import { type LiveSession, liveWith } from "./session-life.ts";
import { lastGoodAge, type Standing, statusOf } from "./status.ts";
import { createIntake, createTags, isUnheard, type TagState } from "./tag-state.ts";
import { settledWithin } from "./within.ts";

/** Opening takes handshakes and certificates; it gets more time than a request. */
const openAtLeastMs = 15_000;
/** Longest wait for answers under way when a connection is to end. */
const unwindMs = 1000;
/** A decision wakes a waiting connection; without one it looks again after so long. */
const undecidedMs = 300_000;

export interface ConnectionOptions {
	name: string;
	settings: ConnectionSettings;
	plans: readonly TagPlan[];
	loadDriver: () => Promise<Driver>;
	directory: TagDirectory;
	tally: LaneTally;
	trust: ConnectionTrust;
	/** The driver's own folder. */
	folder: string;
	environment: Readonly<Record<string, string | undefined>>;
	/** Why it cannot run at all, found before. */
	problem?: string | undefined;
	clock: Clock;
	/** Of values whose time the clock gives. */
	qualityAt?: (ms: number) => Quality;
	log: Log;
	changed(state: ConnectionState, reason: string | undefined): void;
}

/** One machine: opened, read, watched, lost, opened again, for as long as it is configured. */
export function createConnection(options: ConnectionOptions) {
	const { name, settings, plans, directory, tally, trust, clock, log } = options;
	const intake = createIntake(tally.lane);
	/** Nothing new is asked; what was asked may still be answered. */
	const winding = new AbortController();
	const ending = new AbortController();
	const figures = createConnectionFigures(clock);
	const refusals: Refusals = createRefusals();
	let valuesBefore = tally.lane.counts.read;
	let driver: Driver | undefined;
	let tags: TagState[] = [];
	const standing: Standing = {
		state: settings.enabled ? "connecting" : "disabled",
		reason: undefined,
		hint: undefined,
		since: clock.nowMs(),
		nextTryAt: undefined,
		reconnects: 0,
	};
	let opened = 0;
	let live: LiveSession | undefined;
	let running: Promise<void> = Promise.resolve();
	let writing: Promise<unknown> = Promise.resolve();

	function enter(next: ConnectionState, why?: { reason?: string | undefined; hint?: string | undefined }): void {
		const isNews = next !== standing.state || why?.reason !== standing.reason;
		if (next !== standing.state) standing.since = clock.nowMs();
		Object.assign(standing, { state: next, reason: why?.reason, hint: why?.hint, nextTryAt: undefined });
		if (isNews) options.changed(next, standing.reason);
	}

	/** Once per transition: from here on nobody can say what the value is. */
	function markNotConnected(why: string): void {
		const now = clock.now();
		const ms = Number(now) / 1e6;
		for (const tag of tags) {
			intake.flush(tag, ms, true);
			if (tag.problem === undefined) intake.mark(tag, now, ms, Quality.badNotConnected, why);
		}
	}

	async function prepare(): Promise<unknown> {
		driver = await options.loadDriver();
		tags = createTags({ plans, settings, driver, directory, tally });
		const now = clock.now();
		for (const tag of tags)
			if (tag.problem !== undefined) intake.mark(tag, now, Number(now) / 1e6, Quality.badConfiguration, tag.problem);
		const parsed = driver.settings.safeParse(resolveEnvironment(settings.settings, options.environment));
		if (parsed.success) return parsed.data;
		const issue = parsed.error.issues[0];
		throw new MillwrightError(
			"sense.settings-invalid",
			`The settings do not fit the driver: ${issue?.path.join(".")} ${issue?.message}`,
			{
				kind: "input",
				place: `sense.connections.${name}.settings.${issue?.path.join(".")}`,
			},
		);
	}

	/** One session from dialling to its end; resolves with why it ended. */
	async function liveOnce(by: Driver, driverSettings: unknown): Promise<Error> {
		const attempt = new AbortController();
		const end = () => attempt.abort(ending.signal.reason);
		ending.signal.addEventListener("abort", end, { once: true });
		const lose = (why: Error) => attempt.abort(why);
		let session: DriverSession<unknown> | undefined;
		try {
			session = await dial({
				open: () =>
					by.open(driverSettings, {
						clock,
						log: log.part(`${by.name} ${name}`),
						signal: attempt.signal,
						folder: options.folder,
						lost: lose,
						trust,
					}),
				limitMs: Math.max(openAtLeastMs, settings.timeout * 3),
				giveUp: lose,
				clock,
				signal: attempt.signal,
			});
			if (opened++ > 0) standing.reconnects++;
			enter("connected");
			await liveWith({
				session,
				driver: by,
				tags,
				settings,
				refusals,
				intake,
				qualityAt: options.qualityAt ?? (() => Quality.good),
				clock,
				log,
				signal: attempt.signal,
				winding: winding.signal,
				figures,
				lose,
				ready: (given) => {
					live = given;
				},
			});
			return attempt.signal.reason instanceof Error ? attempt.signal.reason : new Error("The session ended");
		} catch (thrown) {
			return thrown instanceof Error ? thrown : new Error(String(thrown));
		} finally {
			live = undefined;
			attempt.abort(new Error("the session is over"));
			ending.signal.removeEventListener("abort", end);
			if (session) await hangUp(session, { connection: name, clock, log });
		}
	}

	async function run(): Promise<void> {
		const backoff = createBackoff(settings.retry);
		let driverSettings: unknown;
		try {
			mkdirSync(options.folder, { recursive: true, mode: 0o700 });
			driverSettings = await prepare();
		} catch (thrown) {
			const error = asMillwrightError(thrown);
			markNotConnected(error.message);
			log.error("A connection cannot run as configured", { connection: name, reason: error.message });
			enter("misconfigured", {
				reason: error.message,
				hint: error.hint ?? "Correct the settings; the connection starts by itself then.",
			});
			return;
		}
		while (!winding.signal.aborted) {
			if (standing.state !== "connecting") enter("connecting", { reason: standing.reason });
			const openedBefore = opened;
			const begunAt = clock.monotonicMs();
			const error = await liveOnce(driver as Driver, driverSettings);
			if (winding.signal.aborted) break;
			// Only a session that gave good values proves that trying soon again is worth it.
			if (opened > openedBefore && tags.some(({ goodHeardAt }) => goodHeardAt >= begunAt)) backoff.reset();
			const ours = error instanceof MillwrightError ? error : undefined;
			markNotConnected(error.message);
			if (error instanceof CertificateUntrusted || error.cause instanceof CertificateUntrusted) {
				const { certificate } = (error instanceof CertificateUntrusted ? error : error.cause) as CertificateUntrusted;
				const refused = trust.isRefused(certificate.thumbprint);
				enter("needs-decision", {
					reason: refused
						? `The certificate of ${certificate.subject} was refused`
						: `The certificate of ${certificate.subject} is not trusted yet`,
					hint: `Compare the thumbprint ${certificate.thumbprint} with the machine's, then trust or refuse it.`,
				});
				await trust.decision(certificate.thumbprint, undecidedMs, ending.signal);
				continue;
			}
			const wait = ours?.kind === "input" ? settings.retry.longest : backoff.next();
			enter(ours?.kind === "input" ? "misconfigured" : "waiting", { reason: error.message, hint: ours?.hint });
			standing.nextTryAt = Math.round(clock.nowMs() + wait);
			log.warn("A connection is down", { connection: name, reason: error.message, nextTryMs: Math.round(wait) });
			await clock.sleep(wait, ending.signal).catch(() => {});
		}
	}

	return {
		name,
		settings,
		plans,
		get tags(): readonly TagState[] {
			return tags;
		},
		get driver(): Driver | undefined {
			return driver;
		},
		get live(): LiveSession | undefined {
			return live;
		},
		get state(): ConnectionState {
			return standing.state;
		},
		get reason(): string | undefined {
			return standing.reason;
		},
		intake,
		/** One write at a time. */
		inTurn<T>(work: () => Promise<T>): Promise<T> {
			const mine = writing.then(work, work);
			writing = mine.catch(() => {});
			return mine;
		},
		start(): void {
			if (!settings.enabled) return;
			// Restarted whatever happens: a fault of ours must not end a connection either.
			running = run().catch(async (thrown: unknown) => {
				log.error("A connection's loop failed", {
					connection: name,
					reason: thrown instanceof Error ? (thrown.stack ?? thrown.message) : String(thrown),
				});
				enter("waiting", { reason: asMillwrightError(thrown).message });
				await clock.sleep(settings.retry.longest, ending.signal).catch(() => {});
				if (!winding.signal.aborted) this.start();
			});
		},
		async stop(): Promise<void> {
			const why = new Error("The connection was stopped");
			winding.abort(why);
			// A machine's answer that is on its way belongs to what was read.
			if (live) await settledWithin(running, Math.min(settings.timeout, unwindMs), clock);
			ending.abort(why);
			await running;
			if (settings.enabled) markNotConnected("The connection was stopped");
			enter(settings.enabled ? "stopped" : "disabled");
		},
		/** Counts values for the rate; called every second. */
		tick(): void {
			const read = tally.lane.counts.read;
			figures.values.add(read - valuesBefore);
			valuesBefore = read;
		},
		/** Of the newest good value of any of its tags, ms; undefined before the first. */
		get lastGoodAgeMs(): number | undefined {
			return lastGoodAge(tags, live?.aliveAt, clock.monotonicMs());
		},
		/** Is there any tag to read whose newest value is good? */
		get hasGood(): boolean {
			return tags.some(({ pipeline: { now } }) => !isUnheard(now.quality) && isGood(now.quality));
		},
		status(ledger: Ledger): ConnectionStatus {
			return statusOf({ name, settings, plans, tags, standing, figures, lastGoodAgeMs: this.lastGoodAgeMs, ledger });
		},
	};
}
export type Connection = ReturnType<typeof createConnection>;
