import type { Pipeline, TagKind } from "../api.ts";

const seconds = (ms: number): string =>
	ms >= 60_000 && ms % 60_000 === 0 ? `${ms / 60_000} min` : ms >= 1000 ? `${ms / 1000} s` : `${ms} ms`;
const fate = { uncertain: "marked uncertain", bad: "marked bad", drop: "dropped and counted" } as const;

/** The stages of a tag in plain words, in the order a value meets them. */
export function describePipeline(pipeline: Pipeline, kind: TagKind, unit: string): { stage: string; does: string }[] {
	const stages: { stage: string; does: string }[] = [{ stage: "decode", does: `read as ${kind}` }];
	const say = (stage: string, does: string) => stages.push({ stage, does });
	if (pipeline.scale !== 1) say("scale", `× ${pipeline.scale}`);
	if (pipeline.offset !== 0) say("offset", `+ ${pipeline.offset}`);
	if (pipeline.fromUnit !== undefined && pipeline.fromUnit !== unit) say("unit", `from ${pipeline.fromUnit} to ${unit}`);
	if (pipeline.round !== undefined) say("round", `to ${pipeline.round} decimal places`);
	if (pipeline.range)
		say(
			"range",
			`${pipeline.range.min ?? "−∞"} to ${pipeline.range.max ?? "∞"} ${unit}; outside it is ${fate[pipeline.range.outside]}`,
		);
	if (pipeline.rate) say("rate", `at most ${pipeline.rate.perSecond} ${unit} a second; faster is ${fate[pipeline.rate.outside]}`);
	if (pipeline.stuckAfter !== undefined) say("stuck", `bad when unchanged for ${seconds(pipeline.stuckAfter)}`);
	if (pipeline.context)
		say(
			"context",
			Object.entries(pipeline.context)
				.map(([role, tag]) => `${role} from ${tag}`)
				.join(", "),
		);
	say("pass", passInWords(pipeline.pass, unit));
	return stages;
}

function passInWords(pass: Pipeline["pass"], unit: string): string {
	const beat =
		"atLeastEvery" in pass && pass.atLeastEvery !== undefined ? `, and one value each ${seconds(pass.atLeastEvery)}` : "";
	switch (pass.by) {
		case "all":
			return "every value";
		case "sample":
			return `one value each ${seconds(pass.every)}`;
		case "deadband": {
			const sizes = [pass.absolute ? `${pass.absolute} ${unit}` : "", pass.percent ? `${pass.percent} %` : ""].filter(Boolean);
			return `changes of at least ${sizes.join(" or ") || "anything"}${beat}`;
		}
		case "swinging-door":
			return `straight lines that stay within ${pass.deviation} ${unit}${beat}`;
		case "summary":
			return `mean, min, max, stddev and count of each ${seconds(pass.window)}`;
	}
}
