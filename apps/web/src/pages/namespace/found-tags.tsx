import { useDebouncedValue } from "@mantine/hooks";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { LiveNumber } from "../../parts/live-number.tsx";
import { trustOf } from "../../parts/show-value.ts";
import { Answer, Empty } from "../../parts/states.tsx";
import { unitLabel } from "../../parts/unit-label.ts";
import { useFormat } from "../../parts/use-format.ts";
import { lastLevel } from "../../parts/words.ts";

/** Tags whose name holds every word. */
export function FoundTags({
	words,
	chosen,
	onOpen,
}: {
	words: string;
	chosen: string | undefined;
	onOpen: (tag: string) => void;
}) {
	const { t } = useTranslation();
	const format = useFormat();
	const [asked] = useDebouncedValue(words, 150);
	const found = useQuery({
		queryKey: ["namespace", "search", asked, 200],
		queryFn: ({ signal }) => namespace.search({ words: asked, limit: 200 }, { signal }),
		placeholderData: keepPreviousData,
	});
	return (
		<div className="tree">
			<Answer of={found}>
				{({ tags, total }) =>
					tags.length === 0 ? (
						<Empty title={t("palette.nothing", { words: asked })} />
					) : (
						<>
							<p className="third small found-count">{t("namespace.found", { count: total, number: format.count(total) })}</p>
							<ul>
								{tags.map((tag) => (
									<li key={tag.tag}>
										<button
											type="button"
											className={`plain-button found-tag${tag.tag === chosen ? " chosen" : ""}`}
											onClick={() => onOpen(tag.tag)}
										>
											<span className="row between">
												<span className="strong cut">{lastLevel(tag.tag)}</span>
												<span className="mono">
													<LiveNumber tag={tag.tag} about={{}} initial={tag.value} initialTrust={trustOf(tag.quality)} />{" "}
													<span className="unit">{unitLabel(tag.unit)}</span>
												</span>
											</span>
											<span className="mono second cut">{tag.tag}</span>
										</button>
									</li>
								))}
							</ul>
						</>
					)
				}
			</Answer>
		</div>
	);
}
