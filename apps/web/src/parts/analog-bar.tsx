import type { CSSProperties, RefObject } from "react";
import { placeOn, type Scaled, scaleOf } from "./analog-scale.ts";
import "./analog-bar.css";

const percent = (share: number): string => `${(share * 100).toFixed(2)}%`;

export const levelSeverity = { highHigh: "critical", lowLow: "critical", high: "high", low: "high" } as const;

/**
 * A number beside its normal: the range is the bar, the normal band is darker, limits are ticks, the value is the pointer.
 * A live row moves the pointer itself through `pointer`.
 */
export function AnalogBar({
	tag,
	value,
	pointer,
	level,
	away,
	wide,
}: {
	tag: Scaled;
	value: number | null;
	pointer?: RefObject<HTMLSpanElement | null>;
	level?: keyof typeof levelSeverity | undefined;
	away?: boolean;
	wide?: boolean;
}) {
	const scale = scaleOf(tag);
	if (!scale) return <span className="analog-bar none" aria-hidden="true" />;
	const { normal, limits } = tag;
	const band: CSSProperties | undefined = normal && {
		left: percent(placeOn(scale, normal[0])),
		width: percent(Math.max(0.01, placeOn(scale, normal[1]) - placeOn(scale, normal[0]))),
	};
	return (
		<span
			className={`analog-bar${wide ? " wide" : ""}${away ? " away" : ""} ${level ? levelSeverity[level] : ""}`}
			aria-hidden="true"
		>
			<span className="analog-track">{band ? <span className="analog-band" style={band} /> : null}</span>
			{limits
				? (["lowLow", "low", "high", "highHigh"] as const).map((key) => {
						const at = limits[key];
						return at === undefined ? null : (
							<span
								key={key}
								className={`analog-limit${level === key ? ` ${levelSeverity[key]}` : ""}`}
								style={{ left: percent(placeOn(scale, at)) }}
							/>
						);
					})
				: null}
			<span
				className="analog-pointer"
				ref={pointer}
				style={{ transform: `translateX(${value === null ? "-200%" : percent(placeOn(scale, value))})` }}
			/>
		</span>
	);
}
