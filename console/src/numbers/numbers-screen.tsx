import { Container, Stack } from "@mantine/core";
import { ScreenTitle } from "../platform/screen-title.tsx";
import { Settled } from "../platform/settled.tsx";
import { NumberFinder } from "./number-finder.tsx";
import { OwnedNumbers } from "./owned-numbers.tsx";
import { useFreshLimits } from "./use-obstacle.ts";

/** The tenant's numbers, and the search for more. */
export function NumbersScreen() {
  useFreshLimits();
  return (
    <Container size="lg" className="screen">
      <ScreenTitle title="Numbers" description="The numbers that you send from and receive replies on." />
      <Settled>
        <Stack gap="lg">
          <OwnedNumbers />
          <NumberFinder />
        </Stack>
      </Settled>
    </Container>
  );
}
