// crossloop: the core. One AXI4-Lite slave, an AXI4-Stream in and one out for bulk data, one staging
// window, ENGINES tiles with PAGES resident pages between them.
// docs/hardware.md is its manual. busy_o is high while a descriptor runs or waits and no error
// stops it; irq_o is a level, see register IRQ_ENABLE.
//
//   AXI4-Lite -> axi_lite_slave -+-> control_registers <-> controller -> descriptor_check
//                                +-> stream_port -> window <- page_mover, layer_unit <-> engines
//   AXI4-Stream <------------------------+                     write_unit             page_state
`default_nettype none
`include "generated/crossloop_regs.vh"

module crossloop #(
  parameter integer ROWS         = 64,     // at least 3
  parameter integer COLS         = 64,
  parameter integer CODE_WIDTH   = 8,
  parameter integer PAGES        = 16,
  parameter integer WINDOW_WORDS = 65536,  // at most 2^18
  parameter integer MAX_OUTPUTS  = 1024,   // at most 2^16
  parameter integer MAX_INPUTS   = 16384,  // bytes of a vector of a CONVOLVE, at most 2^16
  parameter integer ADCS         = 1,      // columns that a tile reads per cycle, a power of two below
                                           // 64 that divides COLS
  parameter integer ENGINES      = 1       // tiles, a power of two that divides PAGES
) (
  input  wire        clk_i,
  input  wire        rst_ni,               // asynchronous, active low
  output wire        busy_o,
  output wire        irq_o,

  // AXI4-Lite slave
  input  wire        s_axi_awvalid_i,
  output wire        s_axi_awready_o,
  input  wire [20:0] s_axi_awaddr_i,
  input  wire [2:0]  s_axi_awprot_i,
  input  wire        s_axi_wvalid_i,
  output wire        s_axi_wready_o,
  input  wire [31:0] s_axi_wdata_i,
  input  wire [3:0]  s_axi_wstrb_i,
  output wire        s_axi_bvalid_o,
  input  wire        s_axi_bready_i,
  output wire [1:0]  s_axi_bresp_o,
  input  wire        s_axi_arvalid_i,
  output wire        s_axi_arready_o,
  input  wire [20:0] s_axi_araddr_i,
  input  wire [2:0]  s_axi_arprot_i,
  output wire        s_axi_rvalid_o,
  input  wire        s_axi_rready_i,
  output wire [31:0] s_axi_rdata_o,
  output wire [1:0]  s_axi_rresp_o,

  // AXI4-Stream in: words of the window from STREAM_WRITE on, packets of any length
  input  wire        s_axis_tvalid_i,
  output wire        s_axis_tready_o,
  input  wire [31:0] s_axis_tdata_i,
  input  wire        s_axis_tlast_i,

  // AXI4-Stream out: a packet for each STREAM_LENGTH
  output wire        m_axis_tvalid_o,
  input  wire        m_axis_tready_i,
  output wire [31:0] m_axis_tdata_o,
  output wire        m_axis_tlast_o
);

  localparam integer WINDOW_WIDTH = $clog2(WINDOW_WORDS);
  localparam integer LANES        = ENGINES * ADCS;
  localparam integer ENGINE_WIDTH = $clog2(ENGINES);
  localparam integer ENGINE_PAGES = PAGES / ENGINES;
  localparam integer ROW_WIDTH    = $clog2(PAGES * ((ROWS + 1) / 2));
  localparam integer UNIT_WIDTH   = $clog2(ENGINE_PAGES * ((COLS > 64) ? COLS : 64));

  // --- Host side: address bit 20 selects the window ---

  wire        write_valid, write_ready, write_error, read_valid, read_ready, read_error;
  wire [20:0] write_addr, read_addr;
  wire [31:0] write_data, read_data;

  axi_lite_slave #(.ADDR_WIDTH(21)) u_slave (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .awvalid_i(s_axi_awvalid_i), .awready_o(s_axi_awready_o), .awaddr_i(s_axi_awaddr_i),
    .wvalid_i(s_axi_wvalid_i), .wready_o(s_axi_wready_o), .wdata_i(s_axi_wdata_i),
    .wstrb_i(s_axi_wstrb_i),
    .bvalid_o(s_axi_bvalid_o), .bready_i(s_axi_bready_i), .bresp_o(s_axi_bresp_o),
    .arvalid_i(s_axi_arvalid_i), .arready_o(s_axi_arready_o), .araddr_i(s_axi_araddr_i),
    .rvalid_o(s_axi_rvalid_o), .rready_i(s_axi_rready_i), .rdata_o(s_axi_rdata_o),
    .rresp_o(s_axi_rresp_o),
    .write_valid_o(write_valid), .write_ready_i(write_ready), .write_error_i(write_error),
    .write_addr_o(write_addr), .write_data_o(write_data),
    .read_valid_o(read_valid), .read_ready_i(read_ready), .read_addr_o(read_addr),
    .read_data_i(read_data), .read_error_i(read_error)
  );

  localparam [31:0] WINDOW_LIMIT = WINDOW_WORDS;

  wire        registers_ready, register_write_error, register_read_error;
  wire        window_write_ready, window_read_ready;
  wire [31:0] register_data, window_rdata, host_rdata;
  wire        write_window  = write_addr[20];
  wire        read_window   = read_addr[20];
  wire        write_outside = {14'd0, write_addr[19:2]} >= WINDOW_LIMIT;
  wire        read_outside  = {14'd0, read_addr[19:2]} >= WINDOW_LIMIT;

  assign write_ready = write_window ? write_outside || window_write_ready : registers_ready;
  assign write_error = write_window ? write_outside : register_write_error;
  assign read_ready  = read_window ? read_outside || window_read_ready : registers_ready;

  reg window_read_q;   // the read answered now went to the window
  reg outside_read_q;  // and missed it

  always @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      window_read_q  <= 1'b0;
      outside_read_q <= 1'b0;
    end else if (read_valid) begin
      window_read_q  <= read_window;
      outside_read_q <= read_outside;
    end
  end

  assign read_data  = window_read_q ? host_rdata : register_data;
  assign read_error = window_read_q ? outside_read_q : register_read_error;

  wire                    host_en, host_we, set_stream_write, set_stream_read, start_stream;
  wire [WINDOW_WIDTH-1:0] host_addr;
  wire [31:0]             host_wdata;
  wire [WINDOW_WIDTH:0]   stream_write, stream_read, stream_left;
  wire                    stream_overrun, soft_reset;

  stream_port #(.WORDS(WINDOW_WORDS)) u_streams (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(soft_reset),
    .set_write_i(set_stream_write), .set_read_i(set_stream_read), .start_i(start_stream),
    .value_i(write_data[WINDOW_WIDTH:0]),
    .write_word_o(stream_write), .read_word_o(stream_read), .left_o(stream_left),
    .overrun_o(stream_overrun),
    .s_valid_i(s_axis_tvalid_i), .s_ready_o(s_axis_tready_o), .s_data_i(s_axis_tdata_i),
    .m_valid_o(m_axis_tvalid_o), .m_ready_i(m_axis_tready_i), .m_data_o(m_axis_tdata_o),
    .m_last_o(m_axis_tlast_o),
    .lite_write_valid_i(write_valid && write_window && !write_outside),
    .lite_write_ready_o(window_write_ready),
    .lite_write_addr_i(write_addr[WINDOW_WIDTH+1:2]), .lite_write_data_i(write_data),
    .lite_read_valid_i(read_valid && read_window && !read_outside),
    .lite_read_ready_o(window_read_ready), .lite_read_addr_i(read_addr[WINDOW_WIDTH+1:2]),
    .window_en_o(host_en), .window_we_o(host_we), .window_addr_o(host_addr),
    .window_wdata_o(host_wdata), .window_rdata_i(host_rdata)
  );

  // --- Window: at most one of its users in the core is active at a time ---

  wire                    fetch_en, move_en, move_we, layer_en, layer_we, verify_en, verify_we;
  wire [WINDOW_WIDTH-1:0] fetch_addr, move_addr, layer_addr, verify_addr;
  wire [31:0]             array_rdata, layer_wdata, verify_wdata;

  window #(.WORDS(WINDOW_WORDS)) u_window (
    .clk_i(clk_i),
    .core_en_i(fetch_en || move_en || layer_en || verify_en),
    .core_we_i(move_en ? move_we : verify_en ? verify_we : layer_en && layer_we),
    .core_addr_i(move_en ? move_addr : verify_en ? verify_addr
                          : layer_en ? layer_addr : fetch_addr),
    .core_wdata_i(move_en ? array_rdata : verify_en ? verify_wdata : layer_wdata),
    .core_rdata_o(window_rdata),
    .host_en_i(host_en), .host_we_i(host_we), .host_addr_i(host_addr),
    .host_wdata_i(host_wdata), .host_rdata_o(host_rdata)
  );

  // --- Registers and controller --

  wire         restart, waiting, done, fail, check_start, check_done;
  wire [2:0]   entry;
  wire [3:0]   error;
  wire [511:0] words;
  wire [15:0]  nonzero;
  wire         abort = soft_reset || restart;
  wire         tile_busy, tiles_active;
  wire [15:0]  columns, skipped_columns;
  wire [$clog2(ENGINES+1)-1:0] skipped;
  wire [$clog2(LANES+1)-1:0]   converted, clipped_low, clipped_high;

  control_registers #(
    .ROWS(ROWS), .COLS(COLS), .CODE_WIDTH(CODE_WIDTH), .PAGES(PAGES),
    .WINDOW_WORDS(WINDOW_WORDS), .MAX_OUTPUTS(MAX_OUTPUTS), .MAX_INPUTS(MAX_INPUTS),
    .ADCS(ADCS), .ENGINES(ENGINES)
  ) u_registers (
    .clk_i(clk_i), .rst_ni(rst_ni),
    .ready_o(registers_ready),
    .write_i(write_valid && !write_window && registers_ready),
    .write_addr_i(write_addr[19:0]), .write_data_i(write_data),
    .write_error_o(register_write_error),
    .read_i(read_valid && !read_window && registers_ready), .read_addr_i(read_addr[19:0]),
    .read_data_o(register_data), .read_error_o(register_read_error),
    .soft_reset_o(soft_reset), .restart_o(restart), .waiting_o(waiting), .busy_o(busy_o),
    .irq_o(irq_o),
    .entry_o(entry), .done_i(done), .fail_i(fail), .error_i(error),
    .set_stream_write_o(set_stream_write), .set_stream_read_o(set_stream_read),
    .start_stream_o(start_stream),
    .stream_write_i(stream_write), .stream_read_i(stream_read), .stream_left_i(stream_left),
    .stream_overrun_i(stream_overrun),
    .converted_i(converted), .clipped_low_i(clipped_low), .clipped_high_i(clipped_high),
    .skipped_i(skipped), .columns_i(skipped_columns), .tiles_active_i(tiles_active)
  );

  wire       set_empty, set_programmed, set_ready, drop_tables, set_tables, drop_inl, set_inl;
  wire       move_start, move_busy, layer_start, layer_busy, verify_start, verify_busy;
  wire [1:0] move_mode;

  controller #(.WINDOW_WIDTH(WINDOW_WIDTH)) u_controller (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .waiting_i(waiting), .entry_i(entry), .done_o(done), .fail_o(fail),
    .window_en_o(fetch_en), .window_addr_o(fetch_addr), .window_rdata_i(window_rdata),
    .words_o(words), .nonzero_o(nonzero), .check_start_o(check_start),
    .check_done_i(check_done), .check_bad_i(error != `CROSSLOOP_ERROR_NONE),
    .set_empty_o(set_empty), .set_programmed_o(set_programmed), .set_ready_o(set_ready),
    .drop_tables_o(drop_tables), .set_tables_o(set_tables),
    .drop_inl_o(drop_inl), .set_inl_o(set_inl),
    .move_start_o(move_start), .move_mode_o(move_mode), .move_busy_i(move_busy),
    .layer_start_o(layer_start), .layer_busy_i(layer_busy),
    .write_start_o(verify_start), .write_busy_i(verify_busy)
  );

  wire page_empty, page_programmed, pages_runnable;

  descriptor_check #(
    .ROWS(ROWS), .COLS(COLS), .CODE_WIDTH(CODE_WIDTH), .PAGES(PAGES),
    .WINDOW_WORDS(WINDOW_WORDS), .MAX_OUTPUTS(MAX_OUTPUTS), .MAX_INPUTS(MAX_INPUTS)
  ) u_check (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .start_i(check_start), .words_i(words), .nonzero_i(nonzero),
    .page_empty_i(page_empty), .page_programmed_i(page_programmed),
    .pages_runnable_i(pages_runnable),
    .done_o(check_done), .error_o(error)
  );

  // --- Pages --

  wire [15:0] rows, running;
  wire [31:0] crossbar;
  wire        inl;

  page_state #(.PAGES(PAGES), .ROWS(ROWS), .COLS(COLS)) u_pages (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(soft_reset),
    .page_i(words[32*`CROSSLOOP_WORD_LOAD_PAGE_PAGE +: 16]),
    .set_empty_i(set_empty), .set_programmed_i(set_programmed), .set_ready_i(set_ready),
    .drop_tables_i(drop_tables), .set_tables_i(set_tables),
    .drop_inl_i(drop_inl), .set_inl_i(set_inl),
    .rows_i(words[32*`CROSSLOOP_WORD_LOAD_TABLE_ROWS +: 16]),
    .columns_i(words[32*`CROSSLOOP_WORD_LOAD_TABLE_COLUMNS +: 16]),
    .crossbar_i(words[32*`CROSSLOOP_WORD_LOAD_TABLE_CROSSBAR +: 32]),
    .count_i(words[32*`CROSSLOOP_WORD_LAYER_PAGES +: 16]),
    .empty_o(page_empty), .programmed_o(page_programmed), .runnable_o(pages_runnable),
    .running_i(running), .rows_o(rows), .columns_o(columns), .crossbar_o(crossbar),
    .inl_o(inl)
  );

  wire        array_we, array_re, row_we, table_we, inl_we, last_word;
  wire [ROW_WIDTH-1:0]  row_addr;
  wire [UNIT_WIDTH-1:0] unit;
  wire [15:0] word;

  // The memory of row tables holds those of engine 0, then those of engine 1 and so on.

  function [15:0] row_page;
    input [15:0] page;
    row_page = (page - ((page >> ENGINE_WIDTH) << ENGINE_WIDTH)) * ENGINE_PAGES[15:0] +
               (page >> ENGINE_WIDTH);
  endfunction

  wire [15:0] moved = words[32*`CROSSLOOP_WORD_LOAD_PAGE_PAGE +: 16];

  page_mover #(
    .ROWS(ROWS), .COLS(COLS), .CODE_WIDTH(CODE_WIDTH), .WINDOW_WIDTH(WINDOW_WIDTH),
    .ROW_WIDTH(ROW_WIDTH), .UNIT_WIDTH(UNIT_WIDTH)
  ) u_mover (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .start_i(move_start), .mode_i(move_mode),
    .row_page_i(row_page(moved)), .page_i(moved >> ENGINE_WIDTH),
    .base_i(words[32*`CROSSLOOP_WORD_LOAD_PAGE_SOURCE +: WINDOW_WIDTH]), .busy_o(move_busy),
    .window_en_o(move_en), .window_we_o(move_we), .window_addr_o(move_addr),
    .array_we_o(array_we), .array_re_o(array_re), .row_we_o(row_we), .row_addr_o(row_addr),
    .table_we_o(table_we), .inl_we_o(inl_we), .unit_o(unit), .word_o(word), .last_o(last_word)
  );

  write_unit #(.WINDOW_WIDTH(WINDOW_WIDTH)) u_write (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .start_i(verify_start), .words_i(words), .busy_o(verify_busy),
    .window_en_o(verify_en), .window_we_o(verify_we), .window_addr_o(verify_addr),
    .window_wdata_o(verify_wdata), .window_rdata_i(window_rdata)
  );

  // --- Layers --

  wire               x_clear, tile_start, skip_zero;
  wire [1:0]         x_we;
  wire [15:0]        x_row, x_value;
  wire [3:0]         input_bits;
  wire [31:0]        seed, vector;
  wire [LANES-1:0]    add_valid;
  wire [LANES*16-1:0] add_output;
  wire [LANES*32-1:0] add_value;

  layer_unit #(
    .ROWS(ROWS), .PAGES(PAGES), .MAX_OUTPUTS(MAX_OUTPUTS), .MAX_INPUTS(MAX_INPUTS),
    .WINDOW_WIDTH(WINDOW_WIDTH), .LANES(LANES)
  ) u_layer (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .start_i(layer_start), .words_i(words), .busy_o(layer_busy),
    .window_en_o(layer_en), .window_we_o(layer_we), .window_addr_o(layer_addr),
    .window_wdata_o(layer_wdata), .window_rdata_i(window_rdata),
    .row_we_i(row_we), .row_addr_i(row_addr), .row_wdata_i(window_rdata),
    .page_o(running), .row_page_i(row_page(running)), .rows_i(rows),
    .x_clear_o(x_clear), .x_we_o(x_we), .x_row_o(x_row), .x_value_o(x_value),
    .tile_start_o(tile_start), .tile_busy_i(tile_busy), .tiles_active_i(tiles_active),
    .input_bits_o(input_bits), .skip_zero_o(skip_zero), .seed_o(seed), .vector_o(vector),
    .add_valid_i(add_valid), .add_output_i(add_output), .add_value_i(add_value)
  );

  engines #(
    .ENGINES(ENGINES), .ROWS(ROWS), .COLS(COLS), .CODE_WIDTH(CODE_WIDTH), .PAGES(PAGES),
    .ADCS(ADCS)
  ) u_engines (
    .clk_i(clk_i), .rst_ni(rst_ni), .clear_i(abort),
    .write_page_i(moved),
    .array_we_i(array_we), .array_re_i(array_re), .table_we_i(table_we), .inl_we_i(inl_we),
    .unit_i(unit), .word_i(word), .last_i(last_word), .wdata_i(window_rdata),
    .array_rdata_o(array_rdata),
    .x_clear_i(x_clear), .x_we_i(x_we), .x_row_i(x_row), .x_value_i(x_value),
    .start_i(tile_start), .busy_o(tile_busy), .active_o(tiles_active),
    .page_i(running), .columns_i(columns), .input_bits_i(input_bits), .skip_zero_i(skip_zero),
    .seed_i(seed), .crossbar_i(crossbar), .vector_i(vector), .inl_i(inl),
    .add_valid_o(add_valid), .add_output_o(add_output), .add_value_o(add_value),
    .converted_o(converted), .clipped_low_o(clipped_low), .clipped_high_o(clipped_high),
    .skipped_o(skipped), .skipped_columns_o(skipped_columns)
  );

  wire unused_bits = &{1'b0, s_axi_awprot_i, s_axi_arprot_i, s_axis_tlast_i, write_addr[1:0],
                       read_addr[1:0], words};

endmodule

`default_nettype wire
