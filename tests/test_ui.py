"""Risk: what people do in the UI - materialize, read checks, follow lineage - does not work."""

import shutil
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import dagster as dg
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from resources.postgres.embedded import EmbeddedPostgres
from resources.task_lease import TaskLeases
from tests.citizens import careless_answers, complain, grievances, review
from tests.databases import open_folder
from tests.lane_world import DEPARTMENT, ROWS, STAGES, URGENCY, keys
from tests.services import WORKSPACE, free_port, machine, wait_for
from tests.ui_desk import GROUP, Desk, LaptopWorld

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
    pytest.mark.skipif(CHROMIUM is None, reason="No chromium on the PATH."),
]
# A first page takes half a minute on a loaded machine.
PAGE_SECONDS = 90
CHROMIUM_OPTIONS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def reviewed_feedback(home: Path) -> LaptopWorld:
    """Enough corrections of departments for a dataset, too few of urgencies."""
    home.mkdir(mode=0o755)
    world = LaptopWorld(home=home, url="", overrides={"MIN_NEW_RECORDS": "100000"})
    rows = grievances(ROWS)
    answers = careless_answers(rows)
    complain(world, rows, answers)
    few = [replace(row, urgency=answers["urgency"][row.id]) if row.id > 60 else row for row in rows]
    review(world, few, answers)
    return world


@pytest.fixture(scope="module")
def page() -> Generator[Page]:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        page = browser.new_page(viewport={"width": 1500, "height": 1100})
        page.set_default_timeout(PAGE_SECONDS * 1000)
        expect.set_options(timeout=PAGE_SECONDS * 1000)
        yield page
        browser.close()


@pytest.fixture(scope="module")
def desk(page: Page, tmp_path_factory: pytest.TempPathFactory) -> Generator[Desk]:
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    port = free_port()
    with open_folder() as folder:
        world = reviewed_feedback(folder / "home")
        command = ("dagster", "dev", "-w", WORKSPACE, "-h", "127.0.0.1", "-p", str(port))
        with (
            machine(world.variables, tmp_path_factory.mktemp("ui")) as here,
            here.running(*command, cwd=elsewhere) as service,
        ):
            wait_for(lambda: "Serving dagster-webserver" in service.text, "the UI", service)
            yield Desk(
                world=world,
                machine=here,
                service=service,
                page=page,
                address=f"http://127.0.0.1:{port}",
                pictures=tmp_path_factory.mktemp("pictures"),
            )
        assert list(elsewhere.iterdir()) == []
        EmbeddedPostgres(world.home / "postgres").stop()


@pytest.fixture(scope="module")
def terminated_run(desk: Desk) -> str:
    """A run that somebody stopped while it waited for its turn to train."""
    leases = TaskLeases(home=str(desk.world.home))
    with leases.training(run_id="of somebody else", on_wait=pytest.fail):
        run_id = desk.materialize_all("department")
        page = desk.open(f"/runs/{run_id}")
        expect(page.get_by_text("Waiting until another model is trained").first).to_be_visible()
        page.get_by_role("button", name="Terminate").click()
        desk.picture("terminate")
        page.get_by_role("dialog").get_by_role("button", name="Terminate").click()
        desk.end_of(run_id)
    return run_id


@pytest.fixture(scope="module")
def department_run(desk: Desk, terminated_run: str) -> str:
    """A whole lane, after the stopped one."""
    return desk.materialize_all("department")


def test_a_click_stops_a_run_and_gives_its_task_back(desk: Desk, terminated_run: str):
    status, outcome = desk.end_of(terminated_run)
    assert status == dg.DagsterRunStatus.CANCELED
    assert outcome.made == keys(DEPARTMENT, *STAGES[:3])
    assert TaskLeases(home=str(desk.world.home)).holder("department") is None


def test_a_click_materializes_all_of_one_task(desk: Desk, department_run: str):
    status, outcome = desk.end_of(department_run)
    desk.open(f"/runs/{department_run}")
    expect(desk.page.get_by_text("Success", exact=True).first).to_be_visible()
    desk.picture("run")
    assert status == dg.DagsterRunStatus.SUCCESS
    assert outcome.made == keys(DEPARTMENT, *STAGES)
    assert desk.world.serving() == desk.world.model_tags()[0]
    assert desk.world.dataset_tags(URGENCY) == []


@pytest.mark.parametrize(
    ("stage", "check", "says"),
    [
        ("balanced_dataset", "MIN_DATASET_LEN", "of 30 rows."),
        ("balanced_dataset", "no_leakage", "No leak among"),
        ("evaluation", "F1_GATE", "BOOTSTRAP"),
    ],
)
def test_a_passed_check_is_shown_with_its_reason(
    desk: Desk, department_run: str, stage: str, check: str, says: str
):
    desk.end_of(department_run)
    page = desk.open(f"/assets/department/{stage}?view=checks")
    page.get_by_text(check, exact=True).first.click()
    expect(page.get_by_text("Passed", exact=True)).to_be_visible()
    expect(page.get_by_text(says).first).to_be_visible()
    desk.picture(f"check_{check}")


def test_the_decision_is_shown_as_tables_and_a_picture(desk: Desk, department_run: str):
    desk.end_of(department_run)
    page = desk.open("/assets/department/evaluation")
    expect(page.get_by_text("Precision and recall stand in the report.")).to_be_visible()
    expect(page.locator("table table").get_by_text("macro-F1")).to_be_visible()
    desk.picture("evaluation")
    for key, name in (("report", "Scores per label"), ("confusion matrix", None)):
        row = page.get_by_role("row").filter(has=page.get_by_text(key, exact=True))
        row.get_by_text("[Show Markdown]").click()
        dialog = page.get_by_role("dialog")
        if name:
            expect(dialog.get_by_role("heading", name=name)).to_be_visible()
        else:
            image = dialog.locator("img[src^='data:image/png']")
            expect(image).to_be_visible()
            assert image.evaluate("image => image.naturalWidth") > 300
        desk.picture(f"evaluation_{key.replace(' ', '_')}")
        dialog.get_by_role("button", name="Close").click()


def test_lineage_leads_from_the_complaints_to_the_version_that_serves(
    desk: Desk, department_run: str
):
    desk.end_of(department_run)
    page = desk.open(GROUP.format("department"))
    for name in ("complaints", "misclassified_complaints", *STAGES):
        expect(page.get_by_text(name, exact=True)).to_be_visible()
    desk.picture("lineage")
    desk.open("/assets/complaints")
    for key in keys(DEPARTMENT, *STAGES):
        page.locator(f"a[href='/assets/{key}']").first.click()
        expect(page).to_have_url(f"{desk.address}/assets/{key}")
    expect(page.get_by_text(str(desk.world.serving()), exact=True).first).to_be_visible()
    desk.picture("deployed_tag")


def test_too_few_rows_make_a_green_run_and_an_amber_check(desk: Desk):
    status, outcome = desk.end_of(desk.materialize_all("urgency"))
    assert status == dg.DagsterRunStatus.SUCCESS
    assert outcome.made == keys(URGENCY, "raw_feedback")
    assert outcome.amber("MIN_DATASET_LEN")
    page = desk.open("/assets/urgency/balanced_dataset?view=checks")
    page.get_by_text("MIN_DATASET_LEN", exact=True).first.click()
    expect(page.get_by_text("of 30 rows.").first).to_be_visible()
    desk.picture("check_amber")
