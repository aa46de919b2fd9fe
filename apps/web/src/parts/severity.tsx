import { useTranslation } from "react-i18next";
import "./severity.css";

export type Severity = "critical" | "high" | "medium" | "information";

const shapes: Record<Severity, string> = {
	critical: "M6 1 L11.5 11 H0.5 Z",
	high: "M6 0.3 L11.7 6 L6 11.7 L0.3 6 Z",
	medium: "M1 1 H11 V11 H1 Z",
	information: "M6 0.5 A5.5 5.5 0 1 1 5.99 0.5 Z",
};

/** Shape first, colour second, and always a word: said aloud, or shown when `word` is set. */
export function SeverityMark({ severity, word, size = 12 }: { severity: Severity; word?: boolean; size?: number }) {
	const { t } = useTranslation();
	return (
		<span className={`severity ${severity}`}>
			<svg viewBox="0 0 12 12" width={size} height={size} aria-hidden="true">
				<path d={shapes[severity]} fill="currentColor" />
			</svg>
			<span className={word ? "severity-word" : "visually-hidden"}>{t(`severity.${severity}`)}</span>
		</span>
	);
}

/** How many there are, in the shape's own soft colour. */
export function SeverityCount({ severity, count }: { severity: Severity; count: number }) {
	return (
		<span className={`severity-count ${severity}`}>
			<SeverityMark severity={severity} size={11} />
			<span>{count}</span>
		</span>
	);
}
