import { mkdir } from "node:fs/promises";
import {
	asMillwrightError,
	CertificateUntrusted,
	type Driver,
	type DriverSession,
	MillwrightError,
	Quality,
	qualityName,
	type Service,
	type Value,
} from "@millwright/core";
import * as z from "zod";
import type { DriverInfo, senseApi, TestReading } from "../api.ts";
import { settledWithin } from "../connection/within.ts";
import { hasMasked, reachesSame, resolveEnvironment, unmaskSecrets } from "../settings/secrets.ts";
import { senseSection } from "../settings/section.ts";
import type { SenseParts } from "./parts.ts";

type Sense = Service<typeof senseApi>;
type Reading = z.output<typeof TestReading>;

/** A look into a machine may take so long in all, ms. */
const deadlineMs = 30_000;
const closeWithinMs = 3000;

const plain = (value: Value): number | string | null =>
	typeof value === "boolean"
		? Number(value)
		: typeof value === "bigint"
			? value.toString()
			: typeof value === "number" && !Number.isFinite(value)
				? null
				: value;

/** Looking into a machine before it is connected: a session of its own with a deadline, always closed. */
export function createProbe({
	config,
	drivers,
	trust,
	clock,
	log,
	folderOf,
	environment,
}: SenseParts): Pick<Sense, "drivers" | "browse" | "testRead"> {
	/** A masked secret is filled in only for a draft that leads where one of the connections leads already. */
	function unmasked({ driver, settings }: { driver: string; settings: Record<string, unknown> }): Record<string, unknown> {
		if (!hasMasked(settings)) return settings;
		const known = Object.values(config.get(senseSection).connections).find((one) => reachesSame({ driver, settings }, one));
		const filled = known ? unmaskSecrets(settings, known.settings) : settings;
		if (hasMasked(filled))
			throw new MillwrightError("sense.secret-masked", "No connection with these settings has a secret to fill in", {
				kind: "input",
				place: "settings",
				hint: "Enter the password anew; a stored one is only used for the same driver and settings.",
			});
		return filled;
	}

	async function withSession<T>(
		draft: { driver: string; settings: Record<string, unknown> },
		given: AbortSignal | undefined,
		work: (driver: Driver, session: DriverSession<unknown>, signal: AbortSignal) => Promise<T>,
	): Promise<T> {
		const driver = await drivers.load(draft.driver);
		const parsed = driver.settings.safeParse(resolveEnvironment(unmasked(draft), environment));
		if (!parsed.success)
			throw new MillwrightError(
				"sense.settings-invalid",
				`The settings do not fit ${driver.title}: ${parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`).join("; ")}`,
				{
					kind: "input",
					place: `settings.${parsed.error.issues[0]?.path.join(".") ?? ""}`,
				},
			);
		const folder = folderOf(draft.driver);
		await mkdir(folder, { recursive: true, mode: 0o700 });
		const ending = new AbortController();
		const end = () => ending.abort(new MillwrightError("sense.probe-cancelled", "The caller went away", { kind: "input" }));
		given?.addEventListener("abort", end, { once: true });
		const timer = clock.after(deadlineMs, () =>
			ending.abort(
				new MillwrightError("sense.probe-timeout", `The machine took longer than ${deadlineMs / 1000} s`, {
					kind: "outage",
					hint: "Check address and cable, or ask for less.",
				}),
			),
		);
		const over = new Promise<never>((_resolve, reject) => {
			ending.signal.addEventListener("abort", () => reject(ending.signal.reason as Error), { once: true });
		});
		over.catch(() => {});
		const dialling = Promise.resolve().then(() =>
			driver.open(parsed.data, {
				clock,
				log: log.part(`${driver.name} test`),
				signal: ending.signal,
				folder,
				lost: (why) => ending.abort(why),
				trust: trust.forConnection("(test)"),
			}),
		);
		try {
			const session = await Promise.race([dialling, over]);
			return await Promise.race([work(driver, session, ending.signal), over]);
		} catch (thrown) {
			const untrusted = [thrown, (thrown as Error).cause].find((one) => one instanceof CertificateUntrusted);
			if (untrusted)
				throw new MillwrightError("sense.certificate-untrusted", (untrusted as Error).message, {
					kind: "conflict",
					hint: "Compare the thumbprint with the machine's, decide about it under Certificates, then try again.",
					data: { thumbprint: (untrusted as CertificateUntrusted).certificate.thumbprint },
				});
			if (thrown instanceof MillwrightError) throw thrown;
			throw new MillwrightError("sense.probe-failed", asMillwrightError(thrown).message, {
				kind: "outage",
				hint: "Check address, cable and the machine's own settings.",
				cause: thrown,
			});
		} finally {
			timer.cancel();
			given?.removeEventListener("abort", end);
			// Also what opens only after we gave up.
			await settledWithin(
				dialling.then((session) => session.close()),
				closeWithinMs,
				clock,
			);
			ending.abort(new Error("the test is over"));
		}
	}

	async function readBlockwise(
		driver: Driver,
		session: DriverSession<unknown> & { kind: "block" },
		address: unknown,
		signal: AbortSignal,
	): Promise<Omit<Reading, "address" | "ms">> {
		const span = driver.span?.(address);
		if (!span || !driver.decode) throw new Error("the driver cannot say where the address lies");
		const bytes = await session.readBlock(span, signal);
		const value = driver.decode(address, bytes);
		const orders = driver.orders?.(address, bytes);
		return {
			value: plain(value),
			quality: qualityName(value === null ? Quality.badType : Quality.good),
			raw: Buffer.from(bytes).toString("hex"),
			...(orders ? { orders: orders.map((one) => ({ order: one.order, value: plain(one.value) })) } : {}),
		};
	}

	return {
		async drivers() {
			const infos: z.output<typeof DriverInfo>[] = [];
			for (const name of drivers.names()) {
				try {
					const driver = await drivers.load(name);
					const schema = (type: z.ZodType) =>
						z.toJSONSchema(type, { io: "input", unrepresentable: "any" }) as Record<string, unknown>;
					infos.push({
						name,
						title: driver.title,
						canBrowse: driver.span === undefined,
						settings: schema(driver.settings),
						address: schema(driver.address),
					});
				} catch (thrown) {
					log.warn("A driver is left out", { driver: name, reason: asMillwrightError(thrown).message });
				}
			}
			return { drivers: infos };
		},
		browse: ({ driver, settings, node }, call) =>
			withSession({ driver, settings }, call?.signal, async (by, session, signal) => {
				if (!session.browse)
					throw new MillwrightError("sense.browse-unknown", `${by.title} machines cannot be browsed`, {
						kind: "input",
						hint: "Enter addresses from the machine's manual.",
					});
				const entries = await session.browse(node, signal);
				return {
					nodes: entries.map(({ address, ...entry }) => ({
						...entry,
						...(address === undefined ? {} : { address: address as Record<string, unknown> }),
					})),
				};
			}),
		testRead: ({ driver, settings, addresses }, call) =>
			withSession({ driver, settings }, call?.signal, async (by, session, signal) => {
				const readings: Reading[] = [];
				for (const given of addresses) {
					const begun = clock.monotonicMs();
					const failed = (reason: string, quality: Quality): Reading => ({
						address: JSON.stringify(given),
						value: null,
						quality: qualityName(quality),
						reason,
						ms: clock.monotonicMs() - begun,
					});
					const parsed = by.address.safeParse(given);
					if (!parsed.success) {
						readings.push(
							failed(
								parsed.error.issues.map(({ path, message }) => `${path.join(".")} ${message}`.trim()).join("; "),
								Quality.badConfiguration,
							),
						);
						continue;
					}
					const address = by.describe(parsed.data);
					try {
						if (session.kind === "block")
							readings.push({
								address,
								...(await readBlockwise(by, session, parsed.data, signal)),
								ms: clock.monotonicMs() - begun,
							});
						else {
							const [reading] = await session.read([parsed.data], signal);
							readings.push({
								address,
								value: reading ? plain(reading.value) : null,
								quality: qualityName(reading?.quality ?? Quality.bad),
								...(reading?.reason === undefined ? {} : { reason: reading.reason }),
								ms: clock.monotonicMs() - begun,
							});
						}
					} catch (thrown) {
						if (signal.aborted) throw thrown;
						readings.push({ ...failed(asMillwrightError(thrown).message, Quality.badDevice), address });
					}
				}
				return { readings };
			}),
	};
}
