import { useTranslation } from "react-i18next";
import { ScrollText } from "./scroll-text.tsx";
import "./diff-view.css";

const kindOf = (line: string): string =>
	line.startsWith("+++") || line.startsWith("---") || line.startsWith("@@")
		? "about"
		: line.startsWith("+")
			? "added"
			: line.startsWith("-")
				? "removed"
				: "same";

/** A unified diff, for people: signs as well as colours. */
export function DiffView({ diff }: { diff: string }) {
	const { t } = useTranslation();
	const lines = diff.split("\n").filter((line, index, all) => line !== "" || index < all.length - 1);
	if (lines.length === 0) return <p className="second">{t("diff.none")}</p>;
	return (
		<ScrollText className="diff" label={t("diff.title")}>
			{lines.map((line, index) => (
				// biome-ignore lint/suspicious/noArrayIndexKey: lines of a diff have no other name and never move
				<span key={index} className={`diff-line ${kindOf(line)}`}>
					{line || " "}
				</span>
			))}
		</ScrollText>
	);
}
