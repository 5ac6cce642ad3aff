import { Container, Skeleton, Stack } from "@mantine/core";
import { Suspense } from "react";
import { part } from "../platform/part.tsx";
import { CampaignList } from "./campaign-list.tsx";

const NewCampaignPane = part(() =>
  import("./new/new-campaign-pane.tsx").then(({ NewCampaignPane }) => NewCampaignPane)
);
const CampaignPane = part(() => import("./one/campaign-pane.tsx").then(({ CampaignPane }) => CampaignPane));

/** In place of a campaign's id: the next campaign. */
const NEW = "new";

/** The campaigns of a tenant, a new one, and one with its results. */
export function CampaignsScreen({ campaign }: { campaign: string | undefined }) {
  return (
    <Container size="lg" className="screen">
      {campaign === undefined ? <CampaignList /> : (
        <Suspense fallback={<Loading />}>
          {campaign === NEW ? <NewCampaignPane /> : <CampaignPane key={campaign} id={campaign} />}
        </Suspense>
      )}
    </Container>
  );
}

function Loading() {
  return (
    <Stack gap="lg" role="status" aria-label="Loading" className="settling">
      <Skeleton h={48} />
      <Skeleton h={320} radius="lg" />
    </Stack>
  );
}
