from conftest import ROOT


def test_example_notebook_runs(clip, monkeypatch, tmp_path):
    import nbclient
    import nbformat
    monkeypatch.setenv("FRONTALIS_EXAMPLE_VIDEO", str(clip))
    notebook = nbformat.read(ROOT / "python" / "examples" / "action_units.ipynb", as_version=4)
    nbclient.NotebookClient(notebook, timeout=120, resources={
        "metadata": {"path": str(tmp_path)}}).execute()
    pictures = [output for cell in notebook.cells if cell.cell_type == "code"
                for output in cell.outputs if "image/png" in output.get("data", {})]
    assert pictures
