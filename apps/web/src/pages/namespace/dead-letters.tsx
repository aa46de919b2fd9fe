import { Button } from "@mantine/core";
import { keepPreviousData, useQuery } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { namespace } from "../../data/namespace-client.ts";
import { Panel } from "../../parts/panel.tsx";
import { Answer, Empty } from "../../parts/states.tsx";
import { useFormat, useNow } from "../../parts/use-format.ts";

const pageSize = 50;

/** Messages that broke the contract, with the reason and what was sent. */
export function DeadLetters() {
	const { t } = useTranslation();
	const format = useFormat();
	const now = useNow(5000);
	const [limit, setLimit] = useState(pageSize);
	const letters = useQuery({
		queryKey: ["namespace", "dead-letters", limit],
		queryFn: ({ signal }) => namespace.deadLetters({ limit }, { signal }),
		refetchInterval: 5000,
		placeholderData: keepPreviousData,
	});
	return (
		<Panel title={t("namespace.deadLetters")} note={t("namespace.deadLettersNote")} flush>
			<Answer of={letters}>
				{(data) =>
					data.letters.length === 0 ? (
						<Empty title={t("namespace.noLetters")}>{t("namespace.noLettersHint")}</Empty>
					) : (
						<>
							<ul>
								{data.letters.map((letter) => (
									<li key={letter.id} className="letter">
										<details>
											<summary>
												<span className="strong">{letter.reason}</span>
												<span className="mono second cut grow">{letter.topic}</span>
												<span className="third small">
													{letter.client} · {format.moment(letter.at, now)}
												</span>
											</summary>
											<p className="mono third">
												{letter.code} · {t("namespace.bytes", { count: letter.bytes, number: format.count(letter.bytes) })} ·{" "}
												{letter.principal}
											</p>
											<pre className="payload">{letter.payload}</pre>
										</details>
									</li>
								))}
							</ul>
							{data.total > data.letters.length ? (
								<Button variant="subtle" fullWidth onClick={() => setLimit(limit + pageSize)}>
									{t("action.showMore")}
								</Button>
							) : null}
						</>
					)
				}
			</Answer>
		</Panel>
	);
}
