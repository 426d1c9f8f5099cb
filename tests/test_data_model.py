"""What the documentation says of the tables is what the models say."""

from app.cli.data_model import describe_data_model
from config import ROOT


def test_the_data_model_page_is_up_to_date_when_the_models_have_changed():
    page = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")
    assert page == describe_data_model(), "run `flask db model`"
