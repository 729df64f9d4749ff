"""Being sure: the generated Verilog run by Verilator, and compared with the golden model."""
