import { asMillwrightError, type Call, isBad, MillwrightError, Quality, type Service } from "@millwright/core";
import { type senseApi, valueWritten } from "../api.ts";
import type { SenseParts } from "./parts.ts";
import { tagNamed } from "./status.ts";

type Sense = Service<typeof senseApi>;

/** Control moves left: one value to one machine, checked before, read back after. */
export function createWrite({ connections, bus, clock }: SenseParts): Pick<Sense, "write"> {
	return {
		async write({ tag, value, expected }, call?: Call) {
			const { connection, plan, state } = tagNamed(connections, tag);
			if (plan.name !== tag || !plan.settings.writable)
				throw new MillwrightError("sense.not-writable", `"${tag}" may not be written`, {
					kind: "denied",
					hint: "An engineer can set writable: true on the tag.",
				});
			const { live } = connection;
			if (!live || !state || state.problem !== undefined)
				throw new MillwrightError(
					"sense.not-connected",
					`${connection.name} is ${connection.state}${state?.problem ? `: ${state.problem}` : ""}`,
					{
						kind: "outage",
						hint: "Try again when the connection is up.",
					},
				);
			if (!live.canWrite)
				throw new MillwrightError("sense.not-writable", `Machines behind ${connection.name} cannot be written to`, {
					kind: "input",
				});
			checkFit(value, plan.settings.kind, plan.settings.pipeline.range, tag);
			return connection.inTurn(async () => {
				const read = async () => state.pipeline.show(await live.read(state));
				const before = await read().catch((thrown: unknown) => {
					throw failure(thrown, `"${tag}" cannot be read before it is written`);
				});
				if (expected !== undefined && before !== expected)
					throw new MillwrightError("sense.value-changed", `"${tag}" is ${before}, not ${expected}; nothing was written`, {
						kind: "conflict",
						hint: "Look at the value again, then decide.",
						data: { before },
					});
				await live.write(state, state.pipeline.inverse(value)).catch((thrown: unknown) => {
					throw failure(thrown, `The machine did not take ${value} for "${tag}"`);
				});
				const raw = await live.read(state).catch((thrown: unknown) => {
					throw failure(thrown, `"${tag}" was written but could not be read back`);
				});
				const after = state.pipeline.show(raw);
				const now = clock.now();
				if (!isBad(state.pipeline.now.quality))
					connection.intake.take(state, raw, now, Number(now) / 1e6, Quality.good, undefined, clock.monotonicMs());
				bus.emit(valueWritten, {
					tag,
					connection: connection.name,
					value,
					before,
					after,
					who: call?.principal.id ?? "system",
					at: clock.nowMs(),
				});
				return { before, after };
			});
		},
	};
}

function checkFit(
	value: number | boolean | string,
	kind: string,
	range: { min?: number | undefined; max?: number | undefined } | undefined,
	tag: string,
): void {
	const refuse = (why: string) => {
		throw new MillwrightError("sense.value-unfit", `${JSON.stringify(value)} does not fit "${tag}": ${why}`, { kind: "input" });
	};
	if (kind === "text") return;
	if (kind === "boolean") {
		if (typeof value === "string" && !["true", "false", "0", "1"].includes(value)) refuse("it is true or false");
		return;
	}
	const number = typeof value === "string" && value.trim() === "" ? Number.NaN : Number(value);
	if (!Number.isFinite(number)) refuse("it is a number");
	if (kind === "integer" && !Number.isInteger(number)) refuse("it is a whole number");
	if (range?.min !== undefined && number < range.min) refuse(`the least is ${range.min}`);
	if (range?.max !== undefined && number > range.max) refuse(`the greatest is ${range.max}`);
}

const failure = (thrown: unknown, what: string): MillwrightError =>
	thrown instanceof MillwrightError
		? thrown
		: new MillwrightError("sense.write-failed", `${what}: ${asMillwrightError(thrown).message}`, {
				kind: "outage",
				cause: thrown,
			});
