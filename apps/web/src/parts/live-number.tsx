import { useRef } from "react";
import { useLivePaint } from "../data/live.ts";
import { type Shown, showValue, trustOfCode } from "./show-value.ts";
import { useFormat } from "./use-format.ts";
import { useVisible } from "./use-visible.ts";
import "./live-number.css";

/** A live value as text, painted past React; greyed and hatched when it cannot be trusted. */
export function LiveNumber({
	tag,
	about,
	initial,
	initialTrust,
}: {
	tag: string;
	about: Shown;
	initial?: number | string | null | undefined;
	initialTrust?: "good" | "uncertain" | "bad";
}) {
	const format = useFormat();
	const text = useRef<HTMLSpanElement>(null);
	const visible = useVisible(text);
	useLivePaint(tag, visible, (reading) => {
		const element = text.current;
		if (!element) return;
		const next = showValue(reading.value, about, format);
		if (element.textContent !== next) element.textContent = next;
		const trust = trustOfCode(reading.quality);
		if (element.dataset.trust !== trust) element.dataset.trust = trust;
	});
	return (
		<span ref={text} className="live-value live-number" data-trust={initialTrust ?? "good"}>
			{initial === undefined ? "–" : showValue(initial, about, format)}
		</span>
	);
}
