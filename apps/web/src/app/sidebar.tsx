import {
	IconClipboardCheck,
	IconFileCertificate,
	IconRouter,
	IconServerCog,
	IconTopologyStar3,
	IconUsers,
} from "@tabler/icons-react";
import { Link, useLocation } from "@tanstack/react-router";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useOverview } from "../data/use-overview.ts";
import { useFormat } from "../parts/use-format.ts";
import { governPlaces, loopPlaces, overviewPlace, type Place } from "./navigation.ts";
import { useSession } from "./session.tsx";

const governMarks: Record<string, ReactNode> = {
	ledger: <IconFileCertificate size={15} stroke={1.8} />,
	edges: <IconRouter size={15} stroke={1.8} />,
	system: <IconServerCog size={15} stroke={1.8} />,
	access: <IconUsers size={15} stroke={1.8} />,
	audit: <IconClipboardCheck size={15} stroke={1.8} />,
};

function Item({
	place,
	mark,
	count,
	onGo,
}: {
	place: Place;
	mark: ReactNode;
	count?: string | undefined;
	onGo?: (() => void) | undefined;
}) {
	const { t } = useTranslation();
	const { pathname } = useLocation();
	return (
		<li>
			<Link
				to={place.to}
				className={`nav-item${place.key === "twins" && pathname.startsWith("/assets/") ? " active" : ""}`}
				activeOptions={{ exact: place.to === "/", includeSearch: false }}
				onClick={onGo}
			>
				<span className="nav-mark" aria-hidden="true">
					{mark}
				</span>
				<span className="grow cut">{t(`nav.${place.key}`)}</span>
				{count ? <span className="nav-count mono">{count}</span> : null}
			</Link>
		</li>
	);
}

/** Overview, the loop in order with counts, then Govern. */
export function Sidebar({ onGo }: { onGo?: () => void }) {
	const { t } = useTranslation();
	const { may } = useSession();
	const format = useFormat();
	const overview = useOverview();
	const counts: Record<string, string | undefined> = {
		sense: overview.data && format.short(overview.data.counts.tags),
		twins: overview.data && format.short(overview.data.counts.assets),
	};
	return (
		<nav className="sidebar" aria-label={t("nav.main")}>
			<ul>
				{may(overviewPlace.needs) ? (
					<Item place={overviewPlace} mark={<IconTopologyStar3 size={15} stroke={1.8} />} onGo={onGo} />
				) : null}
			</ul>
			<h2 className="nav-head" id="nav-loop">
				{t("nav.theLoop")}
			</h2>
			<ul aria-labelledby="nav-loop">
				{loopPlaces
					.filter((place) => may(place.needs))
					.map((place) => (
						<Item
							key={place.key}
							place={place}
							mark={<span className="nav-step">{place.step}</span>}
							count={counts[place.key]}
							onGo={onGo}
						/>
					))}
			</ul>
			<h2 className="nav-head" id="nav-govern">
				{t("nav.govern")}
			</h2>
			<ul aria-labelledby="nav-govern">
				{governPlaces
					.filter((place) => may(place.needs))
					.map((place) => (
						<Item key={place.key} place={place} mark={governMarks[place.key]} onGo={onGo} />
					))}
			</ul>
		</nav>
	);
}
